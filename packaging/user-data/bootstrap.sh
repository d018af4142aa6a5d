#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Puts enawatch on a node: writes its configuration, installs the package, enables and starts the service.
#
#   bootstrap.sh         in user data: hands the work to systemd and is done, the node waits for nothing
#   bootstrap.sh here    the work itself, in at most `limit` seconds; what systemd runs
#   bootstrap.sh image   while an image is made: the work; but the service does not run, its state is empty
#
# What fails is said in one line, with what to do, on stderr and in the journal (journalctl -t enawatch-bootstrap).
# The exit status is 0 all the same: a node is worth more than its metrics. Only an image that would lack enawatch
# is a failure, 1. It can be run again at any time.

# ---- Yours. ENAWATCH_PACKAGE, _SHA256, _LIMIT and _CONFIG in the environment go before these.
# Where the .rpm or .deb is: https://..., s3://... or a path on the node. Nothing, where the image has it.
package=
# Its SHA-256, which https:// needs. Several, with spaces between, where nodes differ ($(uname -m) in the place).
sha256=
# Seconds for all of the work.
limit=120
# What becomes /etc/enawatch/conf.d/50-node.conf.
read -rd '' config <<'END'
# Without an agent. The node's role needs packaging/iam/cloudwatch.json.
[publish]
sink = cloudwatch
END
# ---- That was yours.

export LC_ALL=C
umask 022
package=${ENAWATCH_PACKAGE:-$package}
sha256=${ENAWATCH_SHA256:-$sha256}
limit=${ENAWATCH_LIMIT:-$limit}
config=${ENAWATCH_CONFIG:-$config}
mode=${1:-node}
me=enawatch-bootstrap
conf=/etc/enawatch/conf.d/50-node.conf
name=${package%%\?*} # in what is said: what follows may be a signature
name=${name##*/}

# say PRIORITY TEXT: journald reads the number where stderr is its own; else there is logger.
say() {
    if [ -n "$JOURNAL_STREAM" ] && [ "$JOURNAL_STREAM" = "$(stat -Lc %d:%i /proc/self/fd/2)" ]; then
        echo "<$1>$2" >&2
    else
        echo "$me: $2" >&2
        timeout -k 1 5 logger -t "$me" -p "daemon.$1" -- "$2" </dev/null >/dev/null 2>&1
    fi
}

# fail WHAT REMEDY
fail() {
    say 3 "$1 -> $2"
    return 1
}

# Seconds since boot, by a clock that nobody sets meanwhile.
uptime_s() {
    local up
    read -r up _ </proc/uptime
    echo "${up%%.*}"
}

# step COMMAND...: for as long as there is time; then it is killed, with what it started. Its words go to a file: a
# pipe would be waited for while anything that was left behind has it open. Bash's own word on a kill goes nowhere.
step() {
    local left_s=$((deadline_s - $(uptime_s)))
    status=124
    [ "$left_s" -gt 0 ] || return "$status"
    { timeout -k 2 "$left_s" "$@" </dev/null >"$work/said" 2>&1; } 2>/dev/null
    status=$?
    return "$status"
}

# Why the last step failed.
reason() {
    case $status in
    124 | 137) echo "out of time" ;;
    *)
        sed 's/^<[0-7]>//; s/[^[:print:]]//g; s/^ *//; /^$/d; /^W:/d' "$work/said" | tail -n 4 | paste -sd ' ' |
            cut -c 1-500
        ;;
    esac
}

# Before the package, which may start the service.
write_config() {
    printf '%s\n' "$config" >"$work/conf"
    [ "$(cat "$work/conf")" != "$(cat "$conf" 2>/dev/null)" ] || return 0
    is_news=yes
    { step install -Dm 644 "$work/conf" "$conf.new" && step mv -f "$conf.new" "$conf"; } ||
        fail "$conf was not written: $(reason)" "is the file system full, or read-only?"
}

fetch() {
    case $package in
    https://*)
        [ -n "$sha256" ] || fail "no SHA-256 is named for $name" "set sha256 to what sha256sum says of it" || return
        step curl -fsL --proto '=https' --connect-timeout 10 --retry 2 --retry-all-errors \
            -w '%{errormsg}' -o "$work/package" "$package" ||
            fail "$name was not fetched: $(reason)" "is its URL right, and may this subnet reach it?"
        ;;
    s3://*)
        step aws s3 cp --only-show-errors "$package" "$work/package" ||
            fail "$name was not fetched: $(reason)" "the node's role needs s3:GetObject on it, its subnet a way to S3"
        ;;
    /*) step cp "$package" "$work/package" || fail "$name was not read: $(reason)" "is $package on this node?" ;;
    '') fail "enawatch is not here and no package is named" "set package, or use an image that has enawatch" ;;
    *) fail "$package is no place for a package" "allowed are https://..., s3://... and a path that begins with /" ;;
    esac
}

check_sum() {
    local sum
    [ -n "$sha256" ] || return 0
    step sha256sum "$work/package" || fail "$name was not read: $(reason)" "run it again" || return
    read -r sum _ <"$work/said"
    case " ${sha256,,} " in
    *[[:space:]]"$sum"[[:space:]]*) ;;
    *) fail "$name has another SHA-256 than named: $sum" "is it another version? If not: who changed it?" ;;
    esac
}

# Without repositories first: they may be out of reach, and are slow.
install_rpm() {
    mv "$work/package" "$work/enawatch.rpm"
    step rpm -qp --nosignature "$work/enawatch.rpm" && step rpm -q "$(tail -n 1 "$work/said")" && return
    step rpm -U --oldpackage "$work/enawatch.rpm" || step dnf -qy install "$work/enawatch.rpm" ||
        fail "$name was not installed: $(reason)" "try it on a node: sudo dnf install ./$name"
}

# needrestart would restart services of the node.
install_deb() {
    local apt=(env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -qqy -o "DPkg::Lock::Timeout=$limit")
    local install=(--allow-downgrades --no-install-recommends -o Dpkg::Options::=--force-confdef
        -o Dpkg::Options::=--force-confold install "$work/enawatch.deb")
    mv "$work/package" "$work/enawatch.deb"
    step "${apt[@]}" "${install[@]}" || { step "${apt[@]}" update && step "${apt[@]}" "${install[@]}"; } ||
        fail "$name was not installed: $(reason)" "try it on a node: sudo apt-get install ./$name"
}

install_package() {
    local magic
    fetch && check_sum || return
    IFS= read -rN 4 magic <"$work/package"
    case $magic in
    $'\xed\xab\xee\xdb') install_rpm ;;
    '!<ar') install_deb ;;
    *) fail "$name is neither a .rpm nor a .deb" "set package to the place of the file itself" ;;
    esac
}

# On the machine that an image is made on enawatch must not run, whatever the package does: it would publish there.
hold_back() {
    [ -d /run/systemd/system ] || return 0
    { step systemctl mask --runtime enawatch.service &&
        { ! step systemctl is-active -q enawatch.service || step systemctl stop enawatch.service; }; } ||
        fail "enawatch was not stopped: $(reason)" "see systemctl status enawatch"
}

# Nothing that a node made from the image would take for its own.
forget() {
    local folder
    for folder in /var/lib/private/enawatch/ /var/lib/enawatch/; do
        [ ! -d "$folder" ] || step find "$folder" -mindepth 1 -delete ||
            fail "$folder was not emptied: $(reason)" "who writes there: lsof +D $folder" || return
    done
}

do_the_work() {
    local verb=start is_news=
    [ "$mode" != image ] || hold_back || return
    write_config || return
    step systemctl is-active -q enawatch.service && [ -n "$is_news" ] && verb=restart
    if [ -n "$package" ] || ! command -v enawatch >/dev/null; then
        # On a node the version that is there is better than none.
        install_package || { [ "$mode" != image ] && command -v enawatch >/dev/null; } || return
    fi
    [ "$mode" != image ] || step systemctl unmask --runtime enawatch.service
    step systemctl enable enawatch.service ||
        fail "enawatch was not enabled: $(reason)" "see systemctl status enawatch" || return
    step enawatch run --print-config ||
        fail "the configuration is wrong: $(reason)" "correct it; here, then: sudo systemctl restart enawatch" || return
    if [ "$mode" = image ]; then
        forget || return
    else
        step systemctl "$verb" --no-block enawatch.service ||
            fail "enawatch was not started: $(reason)" "see systemctl status enawatch" || return
    fi
    say 6 "enawatch is installed and enabled"
}

# Shell parts of user data run before nodeadm starts the kubelet, which waits until they end. So systemd does the work,
# ordered after nothing, and comes last where the node is busy.
hand_over() {
    local variable arguments=(--quiet --no-block --collect --unit="$me" --property=SyslogIdentifier="$me"
        --property=CPUWeight=10 --property=IOWeight=10 --property=RuntimeMaxSec=$((limit + 30)))
    [ -f "$0" ] || fail "$0 is not the file of this script" "write it to one, and run that" || return
    for variable in ENAWATCH_PACKAGE ENAWATCH_SHA256 ENAWATCH_LIMIT ENAWATCH_CONFIG; do
        [ -z "${!variable}" ] || arguments+=(--setenv="$variable=${!variable}")
    done
    step systemd-run "${arguments[@]}" /bin/bash "$(readlink -f "$0")" here ||
        fail "systemd did not take the work: $(reason)" "is it still at it? See systemctl status $me" || return
    say 6 "systemd does the work, in at most $limit s: journalctl -t $me"
}

main() {
    [[ $limit =~ ^[1-9][0-9]{0,4}$ ]] || fail "limit is $limit" "allowed are whole seconds, 1 to 99999" || return
    [ "$(id -u)" = 0 ] || fail "root alone can do this" "run it with sudo" || return
    [ "$mode" = image ] || [ -d /run/systemd/system ] || fail "systemd does not run here" "enawatch needs it" || return
    work=$(mktemp -d) || fail "nothing can be written to ${TMPDIR:-/tmp}" "is it full, or read-only?" || return
    trap 'rm -rf "$work"' EXIT
    deadline_s=$(($(uptime_s) + limit))
    case $mode in
    node)
        [ "$limit" -lt 10 ] || deadline_s=$(($(uptime_s) + 10))
        hand_over
        ;;
    here | image) do_the_work ;;
    *) fail "$mode is no way to run this" "allowed are here, image, and nothing" ;;
    esac
}

leave() {
    [ "$mode" = image ] || exit 0
    exit "$1"
}

trap 'leave 1' HUP INT TERM
main
leave $?
# End of enawatch's bootstrap.sh.
