"""Pages for the staff of the provider and of operators: the same pages, narrowed by rights and subtree."""
