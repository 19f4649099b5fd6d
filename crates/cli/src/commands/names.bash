
# Names of dumps: from two digits on, those that begin so.
_thoth_with_names() {
    _thoth "$@"
    if [[ "$2" =~ ^[0-9a-f]{2,16}$ ]]; then
        COMPREPLY+=( $("$1" ls --quiet --allow-none "id=$2*" limit=100 \
            2>/dev/null | awk 'NR > 1 { print $1 }') )
    fi
}
complete -F _thoth_with_names -o bashdefault -o default thoth
