-- name: raise_wall
SELECT
    set_config('abono.operators', %(operators)s, FALSE),
    set_config('abono.shown', %(shown)s, FALSE),
    set_config('abono.accounts', %(accounts)s, FALSE),
    set_config('abono.membership', %(membership)s, FALSE),
    set_config('abono.user', %(user)s, FALSE),
    set_config('abono.key', %(key)s, FALSE),
    set_config('role', %(role)s, FALSE);

-- name: lower_wall
SELECT
    set_config('role', 'none', FALSE),
    set_config('abono.operators', '', FALSE),
    set_config('abono.shown', '', FALSE),
    set_config('abono.accounts', '', FALSE),
    set_config('abono.membership', '', FALSE),
    set_config('abono.user', '', FALSE),
    set_config('abono.key', '', FALSE);
