#!/bin/sh
# A walk through the twin of examples/neutrinet: what `make demo` runs once it is up.
# Usage: tour.sh "sudo target/release/ketupa twin" [NAME]
set -eu

TWIN=$(echo $1) # without the space that a missing sudo leaves
NAME=${2:-neutrinet}
WIKI=https://wiki.neutrinet.be/

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Shows a command as one would type it, then runs it.
twin() {
    verb=$1
    shift
    printf '$ %s %s %s\n' "$TWIN" "$verb" "$*"
    quiet "$verb" "$@"
}

quiet() {
    verb=$1
    shift
    # $TWIN is a command with words: it is split on purpose.
    $TWIN "$verb" --name "$NAME" "$@"
}

# The page of a service as the Internet sees it: status, the address that answered, how long it took.
fetch() {
    quiet exec internet -- curl --silent --output /dev/null --max-time 2 -4 \
        --cacert /etc/ssl/ketupa-twin.pem \
        --write-out '%{http_code} from %{remote_ip} after %{time_total} s\n' "$WIKI" || true
}

# The host that holds a VIP, as the status tells it.
holder() { quiet status | awk -v vip="$1" '$1 == "vip" && $2 == vip { print $NF; exit }'; }

say "1. The whole network runs on this machine. Sessions, virtual addresses and services:"
quiet status | grep -vE '^  (emulated|stands in)' || true

say "2. From a friend's virtual machine to the Internet, through the core and one edge:"
twin exec friend -- traceroute -I -n -q 1 9.9.9.9
twin exec friend -- traceroute -I -n -q 1 2620:fe::9

say "3. From the Internet to the wiki, by name over TLS, through two routers, firewall and proxy:"
printf '$ curl %s\n' "$WIKI"
fetch

say "4. The proxy that holds the service address loses its power. The other one takes over:"
first=$(holder proxy)
twin kill "$first"
for _ in 1 2 3 4 5 6; do
    fetch
    sleep 0.5
done
printf 'vip proxy: %s, before %s\n' "$(holder proxy)" "$first"
quiet start "$first"

say "5. A peer announces private addresses. The edge refuses them, and says why:"
twin announce hurricane 10.66.0.0/16
sleep 2
twin exec edge-02 -- birdc show route 10.66.0.0/16 all filtered
echo "The community (204059, 1101, 8) is the reason; the rule in edge-02's filters.conf:"
quiet exec edge-02 -- grep -m 1 'kt_refuse(8)' /etc/bird/filters.conf
quiet announce hurricane

say "That was the tour; the network is still up. Look further:"
cat <<END
  $TWIN shell core-01                   a shell in a router: birdc, ip, nft
  $TWIN status --map /tmp/map.svg       the picture, coloured by what works
  $TWIN cut edge-01/transit             cut a link, and ask for a traceroute again
  $TWIN pcap edge-01/transit | tcpdump -nr -
  $TWIN apply examples/neutrinet        after you changed a file: only what differs
  $TWIN --help                          all the rest

Take it down, nothing of it stays:
  $TWIN down
END
