"""The frame of every call to somebody else's server: judged addresses, one deadline, bounded answers, fair turns.

``addresses`` says where a call may go, ``calls`` makes one, ``circuits`` says how long a destination that fails is left
alone, ``dispatch`` works off what waits without letting one destination or one tenant hold up the others.
"""
