#compdef thoth

autoload -U is-at-least

_thoth() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_thoth_commands" \
"*::: :->thoth" \
&& ret=0
    case $state in
    (thoth)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-command-$line[1]:"
        case $line[1] in
            (upload)
_arguments "${_arguments_options[@]}" : \
'--ticket=[Give each this ticket]:TICKET:_default' \
'*--prop=[Give each this property; may be repeated]:PROPERTY=VALUE:_default' \
'*--attach=[Keep this file beside the dump; may be repeated]:FILE:_files' \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--again[Bring a dump back that was removed]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::files -- Local dumps; - for standard input:_files' \
&& ret=0
;;
(info)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--allow-none[Exit with 0 when nothing matches a specification]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(ls)
_arguments "${_arguments_options[@]}" : \
'--time-zone=[Show times of this zone, such as Europe/Berlin; \`local\` is this machine'\''s \[default\: UTC\]]:ZONE:_default' \
'--watch=[List again and again, every so many seconds]::SECONDS:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--allow-none[Exit with 0 when nothing matches]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::arguments -- PROPERTY=VALUE or hashes, which dumps; then PROPERTY, further columns:_default' \
&& ret=0
;;
(object)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::files -- Local dumps:_files' \
&& ret=0
;;
(report)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::arguments -- PROPERTY=VALUE, which dumps; then PROPERTY, what to count by:_default' \
&& ret=0
;;
(set)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::arguments -- DUMP, or PROPERTY=VALUE...; then the property, and its value:_default' \
&& ret=0
;;
(unset)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::arguments -- DUMP, or PROPERTY=VALUE...; then the property:_default' \
&& ret=0
;;
(ticket)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::arguments -- DUMP, or PROPERTY=VALUE...; then the ticket:_default' \
&& ret=0
;;
(unticket)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(history)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(undo)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':dump -- A hash (4 digits or more), or a local file:_default' \
':number -- The change'\''s number in `thoth history`:_default' \
&& ret=0
;;
(get)
_arguments "${_arguments_options[@]}" : \
'-o+[Write to this file]:FILE:_files' \
'--output=[Write to this file]:FILE:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'-f[Replace a file that is there]' \
'--force[Replace a file that is there]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':dump -- A hash (4 digits or more), or a specification that one dump fits:_default' \
'::name -- A file beside the dump (`thoth upload --attach`):_default' \
&& ret=0
;;
(cat)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':dump -- A hash (4 digits or more), or a specification that one dump fits:_default' \
'::name -- A file beside the dump:_default' \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
'--reason=[Why, for the record]:TEXT:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'-y[Remove what a specification names]' \
'--yes[Remove what a specification names]' \
'--forget[Remove the records as well; needs --yes]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(purge)
_arguments "${_arguments_options[@]}" : \
'--older-than=[Remove what is older\: 180d, 1y, 2026-01-31]:AGE:_default' \
'--budget=[Remove the oldest until the rest takes no more\: 100G]:SIZE:_default' \
'--keep-newest=[Keep the newest so many of each command]:N:_default' \
'--reason=[Why, for the record]:TEXT:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--ticketed[Remove dumps with a ticket, too]' \
'--pinned[Remove pinned dumps, too]' \
'-y[Remove them]' \
'--yes[Remove them]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::spec -- Only dumps that these name\: PROPERTY=VALUE...:_default' \
&& ret=0
;;
(du)
_arguments "${_arguments_options[@]}" : \
'--by=[What to add up by]:WHAT:((command\:"The command, or the host of a kernel'\''s dump"
month\:"The month of the crash, in UTC"
both\:"Both"))' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::spec -- Only dumps that these name\: PROPERTY=VALUE...:_default' \
&& ret=0
;;
(stack)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'(-c --crashed)-t+[Only this thread]:TID:_default' \
'(-c --crashed)--thread=[Only this thread]:TID:_default' \
'-n+[Show at most N frames of each thread]:N:_default' \
'--limit=[Show at most N frames of each thread]:N:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'-c[Only the thread that crashed]' \
'--crashed[Only the thread that crashed]' \
'-a[Show every thread by itself, also those with the same stack]' \
'--all[Show every thread by itself, also those with the same stack]' \
'--no-lines[Do not look up source lines and inlined functions (faster)]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(fault)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(threads)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'-t+[Only this thread]:TID:_default' \
'--thread=[Only this thread]:TID:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'-r[Also show the registers]' \
'--registers[Also show the registers]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(args)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'-e[Also show the environment]' \
'--env[Also show the environment]' \
'-x[Also show the auxiliary vector]' \
'--auxv[Also show the auxiliary vector]' \
'-a[Show the arguments (which is what happens anyway)]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(env)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--at-death[Show the environment as it was when the process died]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(auxv)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(maps)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(modules)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(notes)
_arguments "${_arguments_options[@]}" : \
'*--exe=[Use this program or library for the module with its build id]:FILE:_files' \
'*--sysroot=[Look for programs and libraries below this folder instead of /]:DIR:_files' \
'*--debug-dir=[Look here, too, for debug files (.build-id/xx/yyyy.debug)]:DIR:_files' \
'--expand-limit=[Expand a compressed dump to at most this size]:SIZE:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::dump -- A hash (4 digits or more), a local file, or PROPERTY=VALUE...:_default' \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--keep[Keep the folder with programs, cores and store]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(index)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_thoth__subcmd__index_commands" \
"*::: :->index" \
&& ret=0

    case $state in
    (index)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-index-command-$line[1]:"
        case $line[1] in
            (rebuild)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--mend[Mend what is wrong, and delete what no record knows]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__index__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-index-help-command-$line[1]:"
        case $line[1] in
            (rebuild)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(config)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(serve)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--config=[Settings in TOML]:FILE:_files' \
'--listen=[Address and port; port 0 takes a free one]:ADDRESS:_default' \
'--admin=[Address and port of /metrics and /ping]:ADDRESS:_default' \
'--tls-cert=[Certificate and those above it, in PEM]:FILE:_files' \
'--tls-key=[The certificate'\''s private key, in PEM]:FILE:_files' \
'*--set=[Set any of the settings below]:NAME=VALUE:_default' \
'--log=[Events to log\: off, error, warn, info, debug, or a filter such as thoth_server\:\:audit=info]:WHICH:_default' \
'--insecure-no-auth=[Look at no credentials\: whoever reaches the address holds ACCOUNT and is an operator. For development, on loopback only]::ACCOUNT:_default' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(account)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_thoth__subcmd__account_commands" \
"*::: :->account" \
&& ret=0

    case $state in
    (account)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
'*--key=[Public key, as OpenSSH or PEM]:FILE:_files' \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--operator[Let its holder do everything everywhere]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':name -- Its name:_default' \
&& ret=0
;;
(ls)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::name -- Which:_default' \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--keep-objects[Leave what it has stored where it is]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':name -- Which:_default' \
&& ret=0
;;
(block)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':name -- Which:_default' \
&& ret=0
;;
(unblock)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':name -- Which:_default' \
&& ret=0
;;
(key)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_thoth__subcmd__account__subcmd__key_commands" \
"*::: :->key" \
&& ret=0

    case $state in
    (key)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-key-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
'--user=[Of this user instead]:USER:_default' \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':account -- The account:_default' \
'*::files -- Public keys, as OpenSSH or PEM:_files' \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
'--user=[Of this user instead]:USER:_default' \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':account -- The account:_default' \
':fingerprint -- Its fingerprint, MD5 or SHA256:_default' \
&& ret=0
;;
(ls)
_arguments "${_arguments_options[@]}" : \
'--user=[Of this user instead]:USER:_default' \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':account -- The account:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__account__subcmd__key__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-key-help-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(ls)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(user)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_thoth__subcmd__account__subcmd__user_commands" \
"*::: :->user" \
&& ret=0

    case $state in
    (user)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-user-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
'*--key=[Public key, as OpenSSH or PEM]:FILE:_files' \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':account -- The account:_default' \
':name -- The user'\''s name:_default' \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':account -- The account:_default' \
':name -- The user'\''s name:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__account__subcmd__user__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-user-help-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(policy)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_thoth__subcmd__account__subcmd__policy_commands" \
"*::: :->policy" \
&& ret=0

    case $state in
    (policy)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-policy-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':account -- The account:_default' \
':name -- The policy'\''s name:_default' \
'*::rules -- What it allows\: one or more rules:_default' \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':account -- The account:_default' \
':name -- The policy'\''s name:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__account__subcmd__policy__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-policy-help-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(role)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_thoth__subcmd__account__subcmd__role_commands" \
"*::: :->role" \
&& ret=0

    case $state in
    (role)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-role-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
'*--policy=[Policies that it brings]:POLICY:_default' \
'*--user=[Users who have it when they ask for it]:USER:_default' \
'*--default-user=[Users who have it without asking]:DEFAULT_USER:_default' \
'*--account-member=[Other accounts whose holders have it when they ask for it]:ACCOUNT_MEMBER:_default' \
'*--default-account=[Other accounts whose holders have it without asking]:DEFAULT_ACCOUNT:_default' \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':account -- The account:_default' \
':name -- The role'\''s name:_default' \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':account -- The account:_default' \
':name -- The role'\''s name:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__account__subcmd__role__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-role-help-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__account__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-help-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(ls)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(block)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(unblock)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(key)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__account__subcmd__help__subcmd__key_commands" \
"*::: :->key" \
&& ret=0

    case $state in
    (key)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-help-key-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(ls)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(user)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__account__subcmd__help__subcmd__user_commands" \
"*::: :->user" \
&& ret=0

    case $state in
    (user)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-help-user-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(policy)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__account__subcmd__help__subcmd__policy_commands" \
"*::: :->policy" \
&& ret=0

    case $state in
    (policy)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-help-policy-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(role)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__account__subcmd__help__subcmd__role_commands" \
"*::: :->role" \
&& ret=0

    case $state in
    (role)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-account-help-role-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(store)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_thoth__subcmd__store_commands" \
"*::: :->store" \
&& ret=0

    case $state in
    (store)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-store-command-$line[1]:"
        case $line[1] in
            (backup)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':to -- Folder of the backup:_files' \
&& ret=0
;;
(restore)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--accept-bad[Go on when something in the backup is bad]' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':from -- Folder of the backup:_files' \
&& ret=0
;;
(scrub)
_arguments "${_arguments_options[@]}" : \
'--rate=[Read no faster than this in a second]:SIZE:_default' \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(quota)
_arguments "${_arguments_options[@]}" : \
'--data=[Folder of the store \[default\: store in \$THOTH_HOME\]]:DIR:_files' \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':account -- The account:_default' \
'::limit -- The most that it may take on disk, such as 500G, or "none":_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__store__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-store-help-command-$line[1]:"
        case $line[1] in
            (backup)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(restore)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(scrub)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(quota)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(manta)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'*::arguments -- The tool, and what it is given; --help lists the tools:_default' \
&& ret=0
;;
(links)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':dir -- Folder for the links:_files' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'--color=[Use colours]:WHEN:((auto\:"On a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`"
always\:"Always"
never\:"Never"))' \
'--home=[Keep the store in this folder \[default\: \$THOTH_HOME, else the XDG data folder\]]:DIR:_files' \
'--json[Print data as JSON]' \
'(-v --verbose)-q[Print no notes and warnings]' \
'(-v --verbose)--quiet[Print no notes and warnings]' \
'-v[Say how answers came about]' \
'--verbose[Say how answers came about]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':shell -- Shell to print them for:((bash\:"bash"
zsh\:"zsh"
fish\:"fish"))' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-help-command-$line[1]:"
        case $line[1] in
            (upload)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(info)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(ls)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(object)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(report)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(set)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(unset)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(ticket)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(unticket)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(history)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(undo)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(get)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(cat)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(purge)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(du)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(stack)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(fault)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(threads)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(args)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(env)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(auxv)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(maps)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(modules)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(notes)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(index)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__help__subcmd__index_commands" \
"*::: :->index" \
&& ret=0

    case $state in
    (index)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-help-index-command-$line[1]:"
        case $line[1] in
            (rebuild)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(config)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(serve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(account)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__help__subcmd__account_commands" \
"*::: :->account" \
&& ret=0

    case $state in
    (account)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-help-account-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(ls)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(block)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(unblock)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(key)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__help__subcmd__account__subcmd__key_commands" \
"*::: :->key" \
&& ret=0

    case $state in
    (key)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-help-account-key-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(ls)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(user)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__help__subcmd__account__subcmd__user_commands" \
"*::: :->user" \
&& ret=0

    case $state in
    (user)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-help-account-user-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(policy)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__help__subcmd__account__subcmd__policy_commands" \
"*::: :->policy" \
&& ret=0

    case $state in
    (policy)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-help-account-policy-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(role)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__help__subcmd__account__subcmd__role_commands" \
"*::: :->role" \
&& ret=0

    case $state in
    (role)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-help-account-role-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(rm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(store)
_arguments "${_arguments_options[@]}" : \
":: :_thoth__subcmd__help__subcmd__store_commands" \
"*::: :->store" \
&& ret=0

    case $state in
    (store)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:thoth-help-store-command-$line[1]:"
        case $line[1] in
            (backup)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(restore)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(scrub)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(quota)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(manta)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(links)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_thoth_commands] )) ||
_thoth_commands() {
    local commands; commands=(
'upload:Upload dumps into the store' \
'info:Print the record of a dump' \
'ls:List dumps' \
'object:Print the hash of a local dump' \
'report:Count dumps by a property' \
'set:Set a property of dumps' \
'unset:Remove a property of dumps' \
'ticket:Give dumps a ticket' \
'unticket:Take the ticket away from dumps' \
'history:Show who changed what of a dump' \
'undo:Take a change of a dump back' \
'get:Download a dump, or a file beside it' \
'cat:Write a dump, or a file beside it, to standard output' \
'rm:Remove dumps, and keep their records' \
'purge:Remove old dumps by policy' \
'du:Show what takes the space' \
'stack:Show the stacks of the threads' \
'fault:Explain the fault that ended the process' \
'threads:Show the threads of the process' \
'args:Show the arguments of the process' \
'env:Show the environment of the process' \
'auxv:Show the auxiliary vector' \
'maps:Show the mappings of the process' \
'modules:Show the program and its libraries' \
'notes:Show the notes of the core' \
'demo:Make small programs crash, and show what to do with their cores' \
'index:Rebuild or check the index of records' \
'config:Show what is in force, and where it comes from' \
'serve:Serve the store to other machines' \
'account:Manage who may use a server' \
'store:Back up, restore, check and limit a store' \
'manta:Work with the objects of the store' \
'links:Make the program'\''s other names' \
'completions:Print a shell'\''s completions' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account_commands] )) ||
_thoth__subcmd__account_commands() {
    local commands; commands=(
'add:Add an account' \
'ls:List accounts, or tell all about one' \
'rm:Remove an account' \
'block:Keep everybody from using an account' \
'unblock:Let an account be used again' \
'key:Keys of an account or one of its users' \
'user:Users of an account' \
'policy:What can be allowed' \
'role:Who is allowed what' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth account commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__add_commands] )) ||
_thoth__subcmd__account__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__block_commands] )) ||
_thoth__subcmd__account__subcmd__block_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account block commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help_commands] )) ||
_thoth__subcmd__account__subcmd__help_commands() {
    local commands; commands=(
'add:Add an account' \
'ls:List accounts, or tell all about one' \
'rm:Remove an account' \
'block:Keep everybody from using an account' \
'unblock:Let an account be used again' \
'key:Keys of an account or one of its users' \
'user:Users of an account' \
'policy:What can be allowed' \
'role:Who is allowed what' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth account help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__add_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__block_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__block_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help block commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__help_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__key_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__key_commands() {
    local commands; commands=(
'add:Add keys' \
'rm:Remove a key' \
'ls:List keys' \
    )
    _describe -t commands 'thoth account help key commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__key__subcmd__add_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__key__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help key add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__key__subcmd__ls_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__key__subcmd__ls_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help key ls commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__key__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__key__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help key rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__ls_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__ls_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help ls commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__policy_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__policy_commands() {
    local commands; commands=(
'set:Add a policy, or replace it' \
'rm:Remove a policy that no role has' \
    )
    _describe -t commands 'thoth account help policy commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__policy__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__policy__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help policy rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__policy__subcmd__set_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__policy__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help policy set commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__role_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__role_commands() {
    local commands; commands=(
'set:Add a role, or replace it' \
'rm:Remove a role' \
    )
    _describe -t commands 'thoth account help role commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__role__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__role__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help role rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__role__subcmd__set_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__role__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help role set commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__unblock_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__unblock_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help unblock commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__user_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__user_commands() {
    local commands; commands=(
'add:Add a user' \
'rm:Remove a user, also from all roles' \
    )
    _describe -t commands 'thoth account help user commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__user__subcmd__add_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__user__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help user add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__help__subcmd__user__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__help__subcmd__user__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account help user rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__key_commands] )) ||
_thoth__subcmd__account__subcmd__key_commands() {
    local commands; commands=(
'add:Add keys' \
'rm:Remove a key' \
'ls:List keys' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth account key commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__key__subcmd__add_commands] )) ||
_thoth__subcmd__account__subcmd__key__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account key add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__key__subcmd__help_commands] )) ||
_thoth__subcmd__account__subcmd__key__subcmd__help_commands() {
    local commands; commands=(
'add:Add keys' \
'rm:Remove a key' \
'ls:List keys' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth account key help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__key__subcmd__help__subcmd__add_commands] )) ||
_thoth__subcmd__account__subcmd__key__subcmd__help__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account key help add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__key__subcmd__help__subcmd__help_commands] )) ||
_thoth__subcmd__account__subcmd__key__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account key help help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__key__subcmd__help__subcmd__ls_commands] )) ||
_thoth__subcmd__account__subcmd__key__subcmd__help__subcmd__ls_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account key help ls commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__key__subcmd__help__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__key__subcmd__help__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account key help rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__key__subcmd__ls_commands] )) ||
_thoth__subcmd__account__subcmd__key__subcmd__ls_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account key ls commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__key__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__key__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account key rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__ls_commands] )) ||
_thoth__subcmd__account__subcmd__ls_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account ls commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__policy_commands] )) ||
_thoth__subcmd__account__subcmd__policy_commands() {
    local commands; commands=(
'set:Add a policy, or replace it' \
'rm:Remove a policy that no role has' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth account policy commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__policy__subcmd__help_commands] )) ||
_thoth__subcmd__account__subcmd__policy__subcmd__help_commands() {
    local commands; commands=(
'set:Add a policy, or replace it' \
'rm:Remove a policy that no role has' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth account policy help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__policy__subcmd__help__subcmd__help_commands] )) ||
_thoth__subcmd__account__subcmd__policy__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account policy help help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__policy__subcmd__help__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__policy__subcmd__help__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account policy help rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__policy__subcmd__help__subcmd__set_commands] )) ||
_thoth__subcmd__account__subcmd__policy__subcmd__help__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account policy help set commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__policy__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__policy__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account policy rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__policy__subcmd__set_commands] )) ||
_thoth__subcmd__account__subcmd__policy__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account policy set commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__role_commands] )) ||
_thoth__subcmd__account__subcmd__role_commands() {
    local commands; commands=(
'set:Add a role, or replace it' \
'rm:Remove a role' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth account role commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__role__subcmd__help_commands] )) ||
_thoth__subcmd__account__subcmd__role__subcmd__help_commands() {
    local commands; commands=(
'set:Add a role, or replace it' \
'rm:Remove a role' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth account role help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__role__subcmd__help__subcmd__help_commands] )) ||
_thoth__subcmd__account__subcmd__role__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account role help help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__role__subcmd__help__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__role__subcmd__help__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account role help rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__role__subcmd__help__subcmd__set_commands] )) ||
_thoth__subcmd__account__subcmd__role__subcmd__help__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account role help set commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__role__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__role__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account role rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__role__subcmd__set_commands] )) ||
_thoth__subcmd__account__subcmd__role__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account role set commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__unblock_commands] )) ||
_thoth__subcmd__account__subcmd__unblock_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account unblock commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__user_commands] )) ||
_thoth__subcmd__account__subcmd__user_commands() {
    local commands; commands=(
'add:Add a user' \
'rm:Remove a user, also from all roles' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth account user commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__user__subcmd__add_commands] )) ||
_thoth__subcmd__account__subcmd__user__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account user add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__user__subcmd__help_commands] )) ||
_thoth__subcmd__account__subcmd__user__subcmd__help_commands() {
    local commands; commands=(
'add:Add a user' \
'rm:Remove a user, also from all roles' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth account user help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__user__subcmd__help__subcmd__add_commands] )) ||
_thoth__subcmd__account__subcmd__user__subcmd__help__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account user help add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__user__subcmd__help__subcmd__help_commands] )) ||
_thoth__subcmd__account__subcmd__user__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account user help help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__user__subcmd__help__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__user__subcmd__help__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account user help rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__account__subcmd__user__subcmd__rm_commands] )) ||
_thoth__subcmd__account__subcmd__user__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth account user rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__args_commands] )) ||
_thoth__subcmd__args_commands() {
    local commands; commands=()
    _describe -t commands 'thoth args commands' commands "$@"
}
(( $+functions[_thoth__subcmd__auxv_commands] )) ||
_thoth__subcmd__auxv_commands() {
    local commands; commands=()
    _describe -t commands 'thoth auxv commands' commands "$@"
}
(( $+functions[_thoth__subcmd__cat_commands] )) ||
_thoth__subcmd__cat_commands() {
    local commands; commands=()
    _describe -t commands 'thoth cat commands' commands "$@"
}
(( $+functions[_thoth__subcmd__completions_commands] )) ||
_thoth__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'thoth completions commands' commands "$@"
}
(( $+functions[_thoth__subcmd__config_commands] )) ||
_thoth__subcmd__config_commands() {
    local commands; commands=()
    _describe -t commands 'thoth config commands' commands "$@"
}
(( $+functions[_thoth__subcmd__demo_commands] )) ||
_thoth__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'thoth demo commands' commands "$@"
}
(( $+functions[_thoth__subcmd__du_commands] )) ||
_thoth__subcmd__du_commands() {
    local commands; commands=()
    _describe -t commands 'thoth du commands' commands "$@"
}
(( $+functions[_thoth__subcmd__env_commands] )) ||
_thoth__subcmd__env_commands() {
    local commands; commands=()
    _describe -t commands 'thoth env commands' commands "$@"
}
(( $+functions[_thoth__subcmd__fault_commands] )) ||
_thoth__subcmd__fault_commands() {
    local commands; commands=()
    _describe -t commands 'thoth fault commands' commands "$@"
}
(( $+functions[_thoth__subcmd__get_commands] )) ||
_thoth__subcmd__get_commands() {
    local commands; commands=()
    _describe -t commands 'thoth get commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help_commands] )) ||
_thoth__subcmd__help_commands() {
    local commands; commands=(
'upload:Upload dumps into the store' \
'info:Print the record of a dump' \
'ls:List dumps' \
'object:Print the hash of a local dump' \
'report:Count dumps by a property' \
'set:Set a property of dumps' \
'unset:Remove a property of dumps' \
'ticket:Give dumps a ticket' \
'unticket:Take the ticket away from dumps' \
'history:Show who changed what of a dump' \
'undo:Take a change of a dump back' \
'get:Download a dump, or a file beside it' \
'cat:Write a dump, or a file beside it, to standard output' \
'rm:Remove dumps, and keep their records' \
'purge:Remove old dumps by policy' \
'du:Show what takes the space' \
'stack:Show the stacks of the threads' \
'fault:Explain the fault that ended the process' \
'threads:Show the threads of the process' \
'args:Show the arguments of the process' \
'env:Show the environment of the process' \
'auxv:Show the auxiliary vector' \
'maps:Show the mappings of the process' \
'modules:Show the program and its libraries' \
'notes:Show the notes of the core' \
'demo:Make small programs crash, and show what to do with their cores' \
'index:Rebuild or check the index of records' \
'config:Show what is in force, and where it comes from' \
'serve:Serve the store to other machines' \
'account:Manage who may use a server' \
'store:Back up, restore, check and limit a store' \
'manta:Work with the objects of the store' \
'links:Make the program'\''s other names' \
'completions:Print a shell'\''s completions' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account_commands] )) ||
_thoth__subcmd__help__subcmd__account_commands() {
    local commands; commands=(
'add:Add an account' \
'ls:List accounts, or tell all about one' \
'rm:Remove an account' \
'block:Keep everybody from using an account' \
'unblock:Let an account be used again' \
'key:Keys of an account or one of its users' \
'user:Users of an account' \
'policy:What can be allowed' \
'role:Who is allowed what' \
    )
    _describe -t commands 'thoth help account commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__add_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__block_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__block_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account block commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__key_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__key_commands() {
    local commands; commands=(
'add:Add keys' \
'rm:Remove a key' \
'ls:List keys' \
    )
    _describe -t commands 'thoth help account key commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__key__subcmd__add_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__key__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account key add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__key__subcmd__ls_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__key__subcmd__ls_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account key ls commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__key__subcmd__rm_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__key__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account key rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__ls_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__ls_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account ls commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__policy_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__policy_commands() {
    local commands; commands=(
'set:Add a policy, or replace it' \
'rm:Remove a policy that no role has' \
    )
    _describe -t commands 'thoth help account policy commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__policy__subcmd__rm_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__policy__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account policy rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__policy__subcmd__set_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__policy__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account policy set commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__rm_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__role_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__role_commands() {
    local commands; commands=(
'set:Add a role, or replace it' \
'rm:Remove a role' \
    )
    _describe -t commands 'thoth help account role commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__role__subcmd__rm_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__role__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account role rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__role__subcmd__set_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__role__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account role set commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__unblock_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__unblock_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account unblock commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__user_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__user_commands() {
    local commands; commands=(
'add:Add a user' \
'rm:Remove a user, also from all roles' \
    )
    _describe -t commands 'thoth help account user commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__user__subcmd__add_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__user__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account user add commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__account__subcmd__user__subcmd__rm_commands] )) ||
_thoth__subcmd__help__subcmd__account__subcmd__user__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help account user rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__args_commands] )) ||
_thoth__subcmd__help__subcmd__args_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help args commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__auxv_commands] )) ||
_thoth__subcmd__help__subcmd__auxv_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help auxv commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__cat_commands] )) ||
_thoth__subcmd__help__subcmd__cat_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help cat commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__completions_commands] )) ||
_thoth__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help completions commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__config_commands] )) ||
_thoth__subcmd__help__subcmd__config_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help config commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__demo_commands] )) ||
_thoth__subcmd__help__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help demo commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__du_commands] )) ||
_thoth__subcmd__help__subcmd__du_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help du commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__env_commands] )) ||
_thoth__subcmd__help__subcmd__env_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help env commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__fault_commands] )) ||
_thoth__subcmd__help__subcmd__fault_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help fault commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__get_commands] )) ||
_thoth__subcmd__help__subcmd__get_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help get commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__help_commands] )) ||
_thoth__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__history_commands] )) ||
_thoth__subcmd__help__subcmd__history_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help history commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__index_commands] )) ||
_thoth__subcmd__help__subcmd__index_commands() {
    local commands; commands=(
'rebuild:Make the index again from the records' \
'check:Compare the index with the records' \
    )
    _describe -t commands 'thoth help index commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__index__subcmd__check_commands] )) ||
_thoth__subcmd__help__subcmd__index__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help index check commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__index__subcmd__rebuild_commands] )) ||
_thoth__subcmd__help__subcmd__index__subcmd__rebuild_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help index rebuild commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__info_commands] )) ||
_thoth__subcmd__help__subcmd__info_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help info commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__links_commands] )) ||
_thoth__subcmd__help__subcmd__links_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help links commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__ls_commands] )) ||
_thoth__subcmd__help__subcmd__ls_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help ls commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__manta_commands] )) ||
_thoth__subcmd__help__subcmd__manta_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help manta commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__maps_commands] )) ||
_thoth__subcmd__help__subcmd__maps_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help maps commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__modules_commands] )) ||
_thoth__subcmd__help__subcmd__modules_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help modules commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__notes_commands] )) ||
_thoth__subcmd__help__subcmd__notes_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help notes commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__object_commands] )) ||
_thoth__subcmd__help__subcmd__object_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help object commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__purge_commands] )) ||
_thoth__subcmd__help__subcmd__purge_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help purge commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__report_commands] )) ||
_thoth__subcmd__help__subcmd__report_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help report commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__rm_commands] )) ||
_thoth__subcmd__help__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__serve_commands] )) ||
_thoth__subcmd__help__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help serve commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__set_commands] )) ||
_thoth__subcmd__help__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help set commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__stack_commands] )) ||
_thoth__subcmd__help__subcmd__stack_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help stack commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__store_commands] )) ||
_thoth__subcmd__help__subcmd__store_commands() {
    local commands; commands=(
'backup:Write a backup into a folder, or bring one up to date' \
'restore:Make a store of a backup, checking all of it' \
'scrub:Read everything and compare it with its digests' \
'quota:Show what an account has stored, or limit it' \
    )
    _describe -t commands 'thoth help store commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__store__subcmd__backup_commands] )) ||
_thoth__subcmd__help__subcmd__store__subcmd__backup_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help store backup commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__store__subcmd__quota_commands] )) ||
_thoth__subcmd__help__subcmd__store__subcmd__quota_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help store quota commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__store__subcmd__restore_commands] )) ||
_thoth__subcmd__help__subcmd__store__subcmd__restore_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help store restore commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__store__subcmd__scrub_commands] )) ||
_thoth__subcmd__help__subcmd__store__subcmd__scrub_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help store scrub commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__threads_commands] )) ||
_thoth__subcmd__help__subcmd__threads_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help threads commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__ticket_commands] )) ||
_thoth__subcmd__help__subcmd__ticket_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help ticket commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__undo_commands] )) ||
_thoth__subcmd__help__subcmd__undo_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help undo commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__unset_commands] )) ||
_thoth__subcmd__help__subcmd__unset_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help unset commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__unticket_commands] )) ||
_thoth__subcmd__help__subcmd__unticket_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help unticket commands' commands "$@"
}
(( $+functions[_thoth__subcmd__help__subcmd__upload_commands] )) ||
_thoth__subcmd__help__subcmd__upload_commands() {
    local commands; commands=()
    _describe -t commands 'thoth help upload commands' commands "$@"
}
(( $+functions[_thoth__subcmd__history_commands] )) ||
_thoth__subcmd__history_commands() {
    local commands; commands=()
    _describe -t commands 'thoth history commands' commands "$@"
}
(( $+functions[_thoth__subcmd__index_commands] )) ||
_thoth__subcmd__index_commands() {
    local commands; commands=(
'rebuild:Make the index again from the records' \
'check:Compare the index with the records' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth index commands' commands "$@"
}
(( $+functions[_thoth__subcmd__index__subcmd__check_commands] )) ||
_thoth__subcmd__index__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'thoth index check commands' commands "$@"
}
(( $+functions[_thoth__subcmd__index__subcmd__help_commands] )) ||
_thoth__subcmd__index__subcmd__help_commands() {
    local commands; commands=(
'rebuild:Make the index again from the records' \
'check:Compare the index with the records' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth index help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__index__subcmd__help__subcmd__check_commands] )) ||
_thoth__subcmd__index__subcmd__help__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'thoth index help check commands' commands "$@"
}
(( $+functions[_thoth__subcmd__index__subcmd__help__subcmd__help_commands] )) ||
_thoth__subcmd__index__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'thoth index help help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__index__subcmd__help__subcmd__rebuild_commands] )) ||
_thoth__subcmd__index__subcmd__help__subcmd__rebuild_commands() {
    local commands; commands=()
    _describe -t commands 'thoth index help rebuild commands' commands "$@"
}
(( $+functions[_thoth__subcmd__index__subcmd__rebuild_commands] )) ||
_thoth__subcmd__index__subcmd__rebuild_commands() {
    local commands; commands=()
    _describe -t commands 'thoth index rebuild commands' commands "$@"
}
(( $+functions[_thoth__subcmd__info_commands] )) ||
_thoth__subcmd__info_commands() {
    local commands; commands=()
    _describe -t commands 'thoth info commands' commands "$@"
}
(( $+functions[_thoth__subcmd__links_commands] )) ||
_thoth__subcmd__links_commands() {
    local commands; commands=()
    _describe -t commands 'thoth links commands' commands "$@"
}
(( $+functions[_thoth__subcmd__ls_commands] )) ||
_thoth__subcmd__ls_commands() {
    local commands; commands=()
    _describe -t commands 'thoth ls commands' commands "$@"
}
(( $+functions[_thoth__subcmd__manta_commands] )) ||
_thoth__subcmd__manta_commands() {
    local commands; commands=()
    _describe -t commands 'thoth manta commands' commands "$@"
}
(( $+functions[_thoth__subcmd__maps_commands] )) ||
_thoth__subcmd__maps_commands() {
    local commands; commands=()
    _describe -t commands 'thoth maps commands' commands "$@"
}
(( $+functions[_thoth__subcmd__modules_commands] )) ||
_thoth__subcmd__modules_commands() {
    local commands; commands=()
    _describe -t commands 'thoth modules commands' commands "$@"
}
(( $+functions[_thoth__subcmd__notes_commands] )) ||
_thoth__subcmd__notes_commands() {
    local commands; commands=()
    _describe -t commands 'thoth notes commands' commands "$@"
}
(( $+functions[_thoth__subcmd__object_commands] )) ||
_thoth__subcmd__object_commands() {
    local commands; commands=()
    _describe -t commands 'thoth object commands' commands "$@"
}
(( $+functions[_thoth__subcmd__purge_commands] )) ||
_thoth__subcmd__purge_commands() {
    local commands; commands=()
    _describe -t commands 'thoth purge commands' commands "$@"
}
(( $+functions[_thoth__subcmd__report_commands] )) ||
_thoth__subcmd__report_commands() {
    local commands; commands=()
    _describe -t commands 'thoth report commands' commands "$@"
}
(( $+functions[_thoth__subcmd__rm_commands] )) ||
_thoth__subcmd__rm_commands() {
    local commands; commands=()
    _describe -t commands 'thoth rm commands' commands "$@"
}
(( $+functions[_thoth__subcmd__serve_commands] )) ||
_thoth__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'thoth serve commands' commands "$@"
}
(( $+functions[_thoth__subcmd__set_commands] )) ||
_thoth__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'thoth set commands' commands "$@"
}
(( $+functions[_thoth__subcmd__stack_commands] )) ||
_thoth__subcmd__stack_commands() {
    local commands; commands=()
    _describe -t commands 'thoth stack commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store_commands] )) ||
_thoth__subcmd__store_commands() {
    local commands; commands=(
'backup:Write a backup into a folder, or bring one up to date' \
'restore:Make a store of a backup, checking all of it' \
'scrub:Read everything and compare it with its digests' \
'quota:Show what an account has stored, or limit it' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth store commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store__subcmd__backup_commands] )) ||
_thoth__subcmd__store__subcmd__backup_commands() {
    local commands; commands=()
    _describe -t commands 'thoth store backup commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store__subcmd__help_commands] )) ||
_thoth__subcmd__store__subcmd__help_commands() {
    local commands; commands=(
'backup:Write a backup into a folder, or bring one up to date' \
'restore:Make a store of a backup, checking all of it' \
'scrub:Read everything and compare it with its digests' \
'quota:Show what an account has stored, or limit it' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'thoth store help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store__subcmd__help__subcmd__backup_commands] )) ||
_thoth__subcmd__store__subcmd__help__subcmd__backup_commands() {
    local commands; commands=()
    _describe -t commands 'thoth store help backup commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store__subcmd__help__subcmd__help_commands] )) ||
_thoth__subcmd__store__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'thoth store help help commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store__subcmd__help__subcmd__quota_commands] )) ||
_thoth__subcmd__store__subcmd__help__subcmd__quota_commands() {
    local commands; commands=()
    _describe -t commands 'thoth store help quota commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store__subcmd__help__subcmd__restore_commands] )) ||
_thoth__subcmd__store__subcmd__help__subcmd__restore_commands() {
    local commands; commands=()
    _describe -t commands 'thoth store help restore commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store__subcmd__help__subcmd__scrub_commands] )) ||
_thoth__subcmd__store__subcmd__help__subcmd__scrub_commands() {
    local commands; commands=()
    _describe -t commands 'thoth store help scrub commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store__subcmd__quota_commands] )) ||
_thoth__subcmd__store__subcmd__quota_commands() {
    local commands; commands=()
    _describe -t commands 'thoth store quota commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store__subcmd__restore_commands] )) ||
_thoth__subcmd__store__subcmd__restore_commands() {
    local commands; commands=()
    _describe -t commands 'thoth store restore commands' commands "$@"
}
(( $+functions[_thoth__subcmd__store__subcmd__scrub_commands] )) ||
_thoth__subcmd__store__subcmd__scrub_commands() {
    local commands; commands=()
    _describe -t commands 'thoth store scrub commands' commands "$@"
}
(( $+functions[_thoth__subcmd__threads_commands] )) ||
_thoth__subcmd__threads_commands() {
    local commands; commands=()
    _describe -t commands 'thoth threads commands' commands "$@"
}
(( $+functions[_thoth__subcmd__ticket_commands] )) ||
_thoth__subcmd__ticket_commands() {
    local commands; commands=()
    _describe -t commands 'thoth ticket commands' commands "$@"
}
(( $+functions[_thoth__subcmd__undo_commands] )) ||
_thoth__subcmd__undo_commands() {
    local commands; commands=()
    _describe -t commands 'thoth undo commands' commands "$@"
}
(( $+functions[_thoth__subcmd__unset_commands] )) ||
_thoth__subcmd__unset_commands() {
    local commands; commands=()
    _describe -t commands 'thoth unset commands' commands "$@"
}
(( $+functions[_thoth__subcmd__unticket_commands] )) ||
_thoth__subcmd__unticket_commands() {
    local commands; commands=()
    _describe -t commands 'thoth unticket commands' commands "$@"
}
(( $+functions[_thoth__subcmd__upload_commands] )) ||
_thoth__subcmd__upload_commands() {
    local commands; commands=()
    _describe -t commands 'thoth upload commands' commands "$@"
}

if [ "$funcstack[1]" = "_thoth" ]; then
    _thoth "$@"
else
    compdef _thoth thoth
fi
