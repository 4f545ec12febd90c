#compdef holdfast
# Completion of `holdfast` for zsh. What can follow is asked of Holdfast itself at each Tab, so this text never grows old.
_holdfast() {
    local line word about
    local -a lines before told
    (( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
    lines=("${(@f)$(command holdfast completion --words zsh "${before[@]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)}")
    for line in "${lines[@]}"; do
        case $line in
            '') ;;
            :folders) _files -/; return ;;
            :files) _files; return ;;
            *)
                word=${line%%$'\t'*} about=
                [[ $line == *$'\t'* ]] && about=${line#*$'\t'}
                told+=("${word//:/\\:}${about:+:$about}")
                ;;
        esac
    done
    (( $#told )) && _describe -V 'holdfast' told
}
if [[ ${funcstack[1]-} == _holdfast ]]; then
    _holdfast "$@" # as a file `_holdfast` in fpath
else
    compdef _holdfast holdfast
fi
