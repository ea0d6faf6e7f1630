# A real HAProxy before a real Caddy, each in a network of its own: names, TLS, members, health.
set -eu
ip netns add web
ip link add proxy type veth peer name eth0 netns web
ip address add 203.0.113.71/26 dev proxy
ip address add 2001:db8:2::71/64 dev proxy nodad
ip link set proxy up
ip -n web address add 203.0.113.80/26 dev eth0
ip -n web link set lo up
ip -n web link set eth0 up
# A member's address and a stranger's.
ip address add 203.0.113.10/32 dev lo
ip address add 198.51.100.9/32 dev lo
mkdir -p /run/srv/www/site/.git /run/srv/dolibarr/htdocs
mount --bind /run/srv /srv
echo 'the site' >/srv/www/site/index.html
echo 'the books' >/srv/dolibarr/htdocs/index.html
echo secret >/srv/www/site/.git/config

export HOME=/var/lib/caddy
ip netns exec web setpriv --reuid caddy --regid caddy --clear-groups --inh-caps +net_bind_service \
    --ambient-caps +net_bind_service caddy run --config /etc/caddy/Caddyfile >/run/caddy 2>&1 &
haproxy -W -f /etc/haproxy/haproxy.cfg >/run/proxy 2>&1 &
master=$!

ask() { curl -sk -m 5 --noproxy '*' --resolve '*:443:203.0.113.71' --resolve '*:80:203.0.113.71' -w ' %{http_code}' "$@"; }
expect() {
    said=$1
    shift
    for _ in $(seq 60); do
        heard=$(ask "$@" | tr '\n' ' ' | tr -s ' ')
        if [ "$heard" = "$said" ]; then return 0; fi
        sleep 0.2
    done
    echo "asked $*: expected <$said>, heard <$heard>"
    cat /run/proxy /run/caddy
    exit 1
}
gone='There is no service of this name here. 404'
members="Only members' lines may use this service. 403"
expect 'the site 200' https://www.example.net/
expect 'the site 200' https://META.example.net/
expect 'https://www.example.net/x?y=1 301' -w '%{redirect_url} %{http_code}' http://www.example.net/x?y=1
expect "$gone" https://other.example.net/
expect "$gone" http://203.0.113.80/
expect ' 404' https://www.example.net/.git/config
expect 'the books 200' --interface 203.0.113.10 https://books.example.net/
expect "$members" --interface 198.51.100.9 https://books.example.net/
expect "$members" --interface 198.51.100.9 -H 'X-Forwarded-For: 203.0.113.10' https://books.example.net/
expect 'This service is down. Please try again in a few minutes. 503' https://chat.example.net/
expect 'the site 200' --resolve 'www.example.net:443:[2001:db8:2::71]' https://www.example.net/
# Both ports are logged, with the visitor as the proxy saw it.
grep -q '"host":"books.example.net".*"X-Forwarded-For":\["203.0.113.10"\]' /var/log/caddy/access.log
grep -q '"host":"www.example.net"' /var/log/caddy/access.log
kill -USR2 $master
expect 'the site 200' https://www.example.net/
