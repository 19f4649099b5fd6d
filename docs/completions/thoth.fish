# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_thoth_global_optspecs
    string join \n json q/quiet v/verbose color= home= h/help V/version
end

function __fish_thoth_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_thoth_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_thoth_using_subcommand
    set -l cmd (__fish_thoth_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c thoth -n "__fish_thoth_needs_command" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_needs_command" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_needs_command" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_needs_command" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_needs_command" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_needs_command" -s V -l version -d 'Print version'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "upload" -d 'Upload dumps into the store'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "info" -d 'Print the record of a dump'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "ls" -d 'List dumps'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "object" -d 'Print the hash of a local dump'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "report" -d 'Count dumps by a property'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "set" -d 'Set a property of dumps'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "unset" -d 'Remove a property of dumps'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "ticket" -d 'Give dumps a ticket'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "unticket" -d 'Take the ticket away from dumps'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "history" -d 'Show who changed what of a dump'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "undo" -d 'Take a change of a dump back'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "get" -d 'Download a dump, or a file beside it'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "cat" -d 'Write a dump, or a file beside it, to standard output'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "rm" -d 'Remove dumps, and keep their records'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "purge" -d 'Remove old dumps by policy'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "du" -d 'Show what takes the space'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "stack" -d 'Show the stacks of the threads'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "fault" -d 'Explain the fault that ended the process'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "threads" -d 'Show the threads of the process'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "args" -d 'Show the arguments of the process'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "env" -d 'Show the environment of the process'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "auxv" -d 'Show the auxiliary vector'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "maps" -d 'Show the mappings of the process'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "modules" -d 'Show the program and its libraries'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "notes" -d 'Show the notes of the core'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "demo" -d 'Make small programs crash, and show what to do with their cores'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "index" -d 'Rebuild or check the index of records'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "config" -d 'Show what is in force, and where it comes from'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "serve" -d 'Serve the store to other machines'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "account" -d 'Manage who may use a server'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "store" -d 'Back up, restore, check and limit a store'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "manta" -d 'Work with the objects of the store'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "links" -d 'Make the program\'s other names'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "completions" -d 'Print a shell\'s completions'
complete -c thoth -n "__fish_thoth_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l ticket -d 'Give each this ticket' -r
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l prop -d 'Give each this property; may be repeated' -r
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l attach -d 'Keep this file beside the dump; may be repeated' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l again -d 'Bring a dump back that was removed'
complete -c thoth -n "__fish_thoth_using_subcommand upload" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand upload" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand upload" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand upload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand info" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand info" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand info" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand info" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand info" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand info" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand info" -l allow-none -d 'Exit with 0 when nothing matches a specification'
complete -c thoth -n "__fish_thoth_using_subcommand info" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand info" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand info" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand info" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand ls" -l time-zone -d 'Show times of this zone, such as Europe/Berlin; `local` is this machine\'s [default: UTC]' -r
complete -c thoth -n "__fish_thoth_using_subcommand ls" -l watch -d 'List again and again, every so many seconds' -r
complete -c thoth -n "__fish_thoth_using_subcommand ls" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand ls" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand ls" -l allow-none -d 'Exit with 0 when nothing matches'
complete -c thoth -n "__fish_thoth_using_subcommand ls" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand ls" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand ls" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand object" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand object" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand object" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand object" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand object" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand object" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand object" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand object" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand object" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand object" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand report" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand report" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand report" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand report" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand report" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand set" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand set" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand set" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand set" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand set" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand unset" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand unset" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand unset" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand unset" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand unset" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand unset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand ticket" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand ticket" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand ticket" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand ticket" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand ticket" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand ticket" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand unticket" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand unticket" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand unticket" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand unticket" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand unticket" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand unticket" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand history" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand history" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand history" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand history" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand history" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand undo" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand undo" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand undo" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand undo" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand undo" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand get" -s o -l output -d 'Write to this file' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand get" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand get" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand get" -s f -l force -d 'Replace a file that is there'
complete -c thoth -n "__fish_thoth_using_subcommand get" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand get" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand get" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand cat" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand cat" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand cat" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand cat" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand cat" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand cat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand rm" -l reason -d 'Why, for the record' -r
complete -c thoth -n "__fish_thoth_using_subcommand rm" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand rm" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand rm" -s y -l yes -d 'Remove what a specification names'
complete -c thoth -n "__fish_thoth_using_subcommand rm" -l forget -d 'Remove the records as well; needs --yes'
complete -c thoth -n "__fish_thoth_using_subcommand rm" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand rm" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand rm" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand purge" -l older-than -d 'Remove what is older: 180d, 1y, 2026-01-31' -r
complete -c thoth -n "__fish_thoth_using_subcommand purge" -l budget -d 'Remove the oldest until the rest takes no more: 100G' -r
complete -c thoth -n "__fish_thoth_using_subcommand purge" -l keep-newest -d 'Keep the newest so many of each command' -r
complete -c thoth -n "__fish_thoth_using_subcommand purge" -l reason -d 'Why, for the record' -r
complete -c thoth -n "__fish_thoth_using_subcommand purge" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand purge" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand purge" -l ticketed -d 'Remove dumps with a ticket, too'
complete -c thoth -n "__fish_thoth_using_subcommand purge" -l pinned -d 'Remove pinned dumps, too'
complete -c thoth -n "__fish_thoth_using_subcommand purge" -s y -l yes -d 'Remove them'
complete -c thoth -n "__fish_thoth_using_subcommand purge" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand purge" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand purge" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand du" -l by -d 'What to add up by' -r -f -a "command\t'The command, or the host of a kernel\'s dump'
month\t'The month of the crash, in UTC'
both\t'Both'"
complete -c thoth -n "__fish_thoth_using_subcommand du" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand du" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand du" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand du" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand du" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand du" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand stack" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand stack" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand stack" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand stack" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand stack" -s t -l thread -d 'Only this thread' -r
complete -c thoth -n "__fish_thoth_using_subcommand stack" -s n -l limit -d 'Show at most N frames of each thread' -r
complete -c thoth -n "__fish_thoth_using_subcommand stack" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand stack" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand stack" -s c -l crashed -d 'Only the thread that crashed'
complete -c thoth -n "__fish_thoth_using_subcommand stack" -s a -l all -d 'Show every thread by itself, also those with the same stack'
complete -c thoth -n "__fish_thoth_using_subcommand stack" -l no-lines -d 'Do not look up source lines and inlined functions (faster)'
complete -c thoth -n "__fish_thoth_using_subcommand stack" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand stack" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand stack" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand stack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand fault" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand fault" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand fault" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand fault" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand fault" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand fault" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand fault" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand fault" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand fault" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand fault" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand threads" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand threads" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand threads" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand threads" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand threads" -s t -l thread -d 'Only this thread' -r
complete -c thoth -n "__fish_thoth_using_subcommand threads" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand threads" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand threads" -s r -l registers -d 'Also show the registers'
complete -c thoth -n "__fish_thoth_using_subcommand threads" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand threads" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand threads" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand threads" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand args" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand args" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand args" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand args" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand args" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand args" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand args" -s e -l env -d 'Also show the environment'
complete -c thoth -n "__fish_thoth_using_subcommand args" -s x -l auxv -d 'Also show the auxiliary vector'
complete -c thoth -n "__fish_thoth_using_subcommand args" -s a -d 'Show the arguments (which is what happens anyway)'
complete -c thoth -n "__fish_thoth_using_subcommand args" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand args" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand args" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand args" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand env" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand env" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand env" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand env" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand env" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand env" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand env" -l at-death -d 'Show the environment as it was when the process died'
complete -c thoth -n "__fish_thoth_using_subcommand env" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand env" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand env" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand env" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand auxv" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand auxv" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand auxv" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand auxv" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand auxv" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand auxv" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand auxv" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand auxv" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand auxv" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand auxv" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand maps" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand maps" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand maps" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand maps" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand maps" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand maps" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand maps" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand maps" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand maps" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand maps" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand modules" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand modules" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand modules" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand modules" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand modules" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand modules" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand modules" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand modules" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand modules" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand modules" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand notes" -l exe -d 'Use this program or library for the module with its build id' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand notes" -l sysroot -d 'Look for programs and libraries below this folder instead of /' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand notes" -l debug-dir -d 'Look here, too, for debug files (.build-id/xx/yyyy.debug)' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand notes" -l expand-limit -d 'Expand a compressed dump to at most this size' -r
complete -c thoth -n "__fish_thoth_using_subcommand notes" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand notes" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand notes" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand notes" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand notes" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand notes" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand demo" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand demo" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand demo" -l keep -d 'Keep the folder with programs, cores and store'
complete -c thoth -n "__fish_thoth_using_subcommand demo" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand demo" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand demo" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand index; and not __fish_seen_subcommand_from rebuild check help" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand index; and not __fish_seen_subcommand_from rebuild check help" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand index; and not __fish_seen_subcommand_from rebuild check help" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand index; and not __fish_seen_subcommand_from rebuild check help" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand index; and not __fish_seen_subcommand_from rebuild check help" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand index; and not __fish_seen_subcommand_from rebuild check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand index; and not __fish_seen_subcommand_from rebuild check help" -f -a "rebuild" -d 'Make the index again from the records'
complete -c thoth -n "__fish_thoth_using_subcommand index; and not __fish_seen_subcommand_from rebuild check help" -f -a "check" -d 'Compare the index with the records'
complete -c thoth -n "__fish_thoth_using_subcommand index; and not __fish_seen_subcommand_from rebuild check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from rebuild" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from rebuild" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from rebuild" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from rebuild" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from rebuild" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from rebuild" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from check" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from check" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from check" -l mend -d 'Mend what is wrong, and delete what no record knows'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from check" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from help" -f -a "rebuild" -d 'Make the index again from the records'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from help" -f -a "check" -d 'Compare the index with the records'
complete -c thoth -n "__fish_thoth_using_subcommand index; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand config" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand config" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand config" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand config" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand config" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l config -d 'Settings in TOML' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l listen -d 'Address and port; port 0 takes a free one' -r
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l admin -d 'Address and port of /metrics and /ping' -r
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l tls-cert -d 'Certificate and those above it, in PEM' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l tls-key -d 'The certificate\'s private key, in PEM' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l set -d 'Set any of the settings below' -r
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l log -d 'Events to log: off, error, warn, info, debug, or a filter such as thoth_server::audit=info' -r
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l insecure-no-auth -d 'Look at no credentials: whoever reaches the address holds ACCOUNT and is an operator. For development, on loopback only' -r
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand serve" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand serve" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand serve" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -f -a "add" -d 'Add an account'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -f -a "ls" -d 'List accounts, or tell all about one'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -f -a "rm" -d 'Remove an account'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -f -a "block" -d 'Keep everybody from using an account'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -f -a "unblock" -d 'Let an account be used again'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -f -a "key" -d 'Keys of an account or one of its users'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -f -a "user" -d 'Users of an account'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -f -a "policy" -d 'What can be allowed'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -f -a "role" -d 'Who is allowed what'
complete -c thoth -n "__fish_thoth_using_subcommand account; and not __fish_seen_subcommand_from add ls rm block unblock key user policy role help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from add" -l key -d 'Public key, as OpenSSH or PEM' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from add" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from add" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from add" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from add" -l operator -d 'Let its holder do everything everywhere'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from add" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from ls" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from ls" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from ls" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from ls" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from rm" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from rm" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from rm" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from rm" -l keep-objects -d 'Leave what it has stored where it is'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from rm" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from block" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from block" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from block" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from block" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from block" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from block" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from block" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from unblock" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from unblock" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from unblock" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from unblock" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from unblock" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from unblock" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from unblock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -f -a "add" -d 'Add keys'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -f -a "rm" -d 'Remove a key'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -f -a "ls" -d 'List keys'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from key" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from user" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from user" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from user" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from user" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from user" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from user" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from user" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from user" -f -a "add" -d 'Add a user'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from user" -f -a "rm" -d 'Remove a user, also from all roles'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from user" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from policy" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from policy" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from policy" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from policy" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from policy" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from policy" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from policy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from policy" -f -a "set" -d 'Add a policy, or replace it'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from policy" -f -a "rm" -d 'Remove a policy that no role has'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from policy" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from role" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from role" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from role" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from role" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from role" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from role" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from role" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from role" -f -a "set" -d 'Add a role, or replace it'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from role" -f -a "rm" -d 'Remove a role'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from role" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add an account'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List accounts, or tell all about one'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Remove an account'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "block" -d 'Keep everybody from using an account'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "unblock" -d 'Let an account be used again'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "key" -d 'Keys of an account or one of its users'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "user" -d 'Users of an account'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "policy" -d 'What can be allowed'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "role" -d 'Who is allowed what'
complete -c thoth -n "__fish_thoth_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -f -a "backup" -d 'Write a backup into a folder, or bring one up to date'
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -f -a "restore" -d 'Make a store of a backup, checking all of it'
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -f -a "scrub" -d 'Read everything and compare it with its digests'
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -f -a "quota" -d 'Show what an account has stored, or limit it'
complete -c thoth -n "__fish_thoth_using_subcommand store; and not __fish_seen_subcommand_from backup restore scrub quota help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from backup" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from backup" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from backup" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from backup" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from backup" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from backup" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from restore" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from restore" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from restore" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from restore" -l accept-bad -d 'Go on when something in the backup is bad'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from restore" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from restore" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from restore" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from scrub" -l rate -d 'Read no faster than this in a second' -r
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from scrub" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from scrub" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from scrub" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from scrub" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from scrub" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from scrub" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from scrub" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from quota" -l data -d 'Folder of the store [default: store in $THOTH_HOME]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from quota" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from quota" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from quota" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from quota" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from quota" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from quota" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "backup" -d 'Write a backup into a folder, or bring one up to date'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "restore" -d 'Make a store of a backup, checking all of it'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "scrub" -d 'Read everything and compare it with its digests'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "quota" -d 'Show what an account has stored, or limit it'
complete -c thoth -n "__fish_thoth_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand manta" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand manta" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand manta" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand manta" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand manta" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand links" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand links" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand links" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand links" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand links" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand links" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand completions" -l color -d 'Use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c thoth -n "__fish_thoth_using_subcommand completions" -l home -d 'Keep the store in this folder [default: $THOTH_HOME, else the XDG data folder]' -r -F
complete -c thoth -n "__fish_thoth_using_subcommand completions" -l json -d 'Print data as JSON'
complete -c thoth -n "__fish_thoth_using_subcommand completions" -s q -l quiet -d 'Print no notes and warnings'
complete -c thoth -n "__fish_thoth_using_subcommand completions" -s v -l verbose -d 'Say how answers came about'
complete -c thoth -n "__fish_thoth_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "upload" -d 'Upload dumps into the store'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "info" -d 'Print the record of a dump'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "ls" -d 'List dumps'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "object" -d 'Print the hash of a local dump'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "report" -d 'Count dumps by a property'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "set" -d 'Set a property of dumps'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "unset" -d 'Remove a property of dumps'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "ticket" -d 'Give dumps a ticket'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "unticket" -d 'Take the ticket away from dumps'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "history" -d 'Show who changed what of a dump'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "undo" -d 'Take a change of a dump back'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "get" -d 'Download a dump, or a file beside it'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "cat" -d 'Write a dump, or a file beside it, to standard output'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "rm" -d 'Remove dumps, and keep their records'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "purge" -d 'Remove old dumps by policy'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "du" -d 'Show what takes the space'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "stack" -d 'Show the stacks of the threads'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "fault" -d 'Explain the fault that ended the process'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "threads" -d 'Show the threads of the process'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "args" -d 'Show the arguments of the process'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "env" -d 'Show the environment of the process'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "auxv" -d 'Show the auxiliary vector'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "maps" -d 'Show the mappings of the process'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "modules" -d 'Show the program and its libraries'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "notes" -d 'Show the notes of the core'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "demo" -d 'Make small programs crash, and show what to do with their cores'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "index" -d 'Rebuild or check the index of records'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "config" -d 'Show what is in force, and where it comes from'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "serve" -d 'Serve the store to other machines'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "account" -d 'Manage who may use a server'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "store" -d 'Back up, restore, check and limit a store'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "manta" -d 'Work with the objects of the store'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "links" -d 'Make the program\'s other names'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "completions" -d 'Print a shell\'s completions'
complete -c thoth -n "__fish_thoth_using_subcommand help; and not __fish_seen_subcommand_from upload info ls object report set unset ticket unticket history undo get cat rm purge du stack fault threads args env auxv maps modules notes demo index config serve account store manta links completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from index" -f -a "rebuild" -d 'Make the index again from the records'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from index" -f -a "check" -d 'Compare the index with the records'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "add" -d 'Add an account'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "ls" -d 'List accounts, or tell all about one'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "rm" -d 'Remove an account'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "block" -d 'Keep everybody from using an account'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "unblock" -d 'Let an account be used again'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "key" -d 'Keys of an account or one of its users'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "user" -d 'Users of an account'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "policy" -d 'What can be allowed'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "role" -d 'Who is allowed what'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from store" -f -a "backup" -d 'Write a backup into a folder, or bring one up to date'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from store" -f -a "restore" -d 'Make a store of a backup, checking all of it'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from store" -f -a "scrub" -d 'Read everything and compare it with its digests'
complete -c thoth -n "__fish_thoth_using_subcommand help; and __fish_seen_subcommand_from store" -f -a "quota" -d 'Show what an account has stored, or limit it'
