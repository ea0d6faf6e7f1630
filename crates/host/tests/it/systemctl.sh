#!/bin/sh
# Keeps units as files beside itself and records every call that changes something.
here=$(dirname "$0")
verb=$1
shift
[ "$1" = -- ] && shift
if [ "$verb" = show ]; then
    first=yes
    for unit; do
        case $unit in -*) continue ;; esac
        [ $first = yes ] || echo
        first=no
        load=loaded
        [ -e "$here/$unit.active" ] || load=not-found
        echo "LoadState=$load"
        echo "ActiveState=$(cat "$here/$unit.active" 2>/dev/null || echo inactive)"
        [ -e "$here/$unit.skipped" ] && printf 'ConditionResult=no\nConditionTimestamp=Mon\n'
        echo "UnitFileState=$(cat "$here/$unit.enabled" 2>/dev/null)"
    done
    exit 0
fi
echo "$verb $*" >>"$here/calls"
[ -e "$here/fails.$verb.$1" ] && { echo "no $verb of $1 today" >&2; exit 1; }
case $verb in stop | disable | reload) [ -e "$here/$1.active" ] || { echo "Unit $1 not loaded." >&2; exit 5; } ;; esac
case $verb in
start | restart) [ -e "$here/dies.$1" ] && echo failed >"$here/$1.active" || echo active >"$here/$1.active" ;;
stop) echo inactive >"$here/$1.active" ;;
enable) echo enabled >"$here/$1.enabled" ;;
disable) echo disabled >"$here/$1.enabled" ;;
esac
