//! Probes held to real servers, and to servers that behave badly.

mod servers;

use agent::config::Config;
use agent::probe::{Prober, Tried, check, once};
use agent::text::Families;
use servers::{
    Folder, Server, answering, answering_at_once, certificate, https, listens, name_server, port,
    rude,
};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Tries what a table says.
fn tried(table: &str) -> Tried {
    once(&config(table).probe[0])
}

fn config(table: &str) -> Config {
    let text = format!("[[probe]]\ncheck = \"a/b\"\nobject = \"service.a\"\n{table}");
    Config::parse(&text).expect("it is right")
}

fn wrong(tried: &Tried) -> &str {
    tried.wrong.as_deref().unwrap_or("")
}

#[test]
fn a_good_page_over_tls_is_up_and_its_certificate_has_an_end() {
    let folder = Folder::new("good");
    let ca = certificate(&folder, "www.isp.example", "");
    let (_server, port) = https(&folder);
    let table = format!(
        "asks = \"https\"\nto = \"127.0.0.1\"\nport = {port}\nname = \"www.isp.example\"\nca = \"{ca}\"\n"
    );
    let up = tried(&format!("{table}contains = \"Cipher\""));
    assert_eq!((wrong(&up), up.status, up.contains), ("", Some(200), Some(true)));
    let now = jiff::Timestamp::now().as_second();
    let ends = up.ends.expect("a certificate was seen");
    assert!((now + 86_400..now + 3 * 86_400).contains(&ends), "{ends} {now}");
    let other = tried(&format!("{table}contains = \"Nextcloud\""));
    assert_eq!((wrong(&other), other.contains), ("the text is not in the page", Some(false)));
}

#[test]
fn a_certificate_for_another_name_or_by_nobody_is_down() {
    let folder = Folder::new("other");
    let ca = certificate(&folder, "www.isp.example", "");
    let (_server, port) = https(&folder);
    let asked = format!("to = \"127.0.0.1\"\nport = {port}\n");
    let other =
        tried(&format!("asks = \"tls\"\n{asked}name = \"mail.isp.example\"\nca = \"{ca}\""));
    assert!(wrong(&other).contains("not valid for name"), "{other:?}");
    if Path::new("/etc/ssl/certs/ca-certificates.crt").exists() {
        let nobody = tried(&format!("asks = \"tls\"\n{asked}name = \"www.isp.example\""));
        assert!(wrong(&nobody).contains("UnknownIssuer"), "{nobody:?}");
        assert!(nobody.ends.is_some(), "its end is told all the same");
    }
    let none =
        tried(&format!("asks = \"tls\"\n{asked}name = \"www.isp.example\"\nca = \"/nowhere\""));
    assert!(wrong(&none).contains("/nowhere"), "{none:?}");
}

#[test]
fn an_expired_certificate_is_down_and_says_since_when() {
    let folder = Folder::new("expired");
    let ca = certificate(&folder, "www.isp.example", "20210601000000Z");
    let (_server, port) = https(&folder);
    let table = format!(
        "asks = \"https\"\nto = \"127.0.0.1\"\nport = {port}\nname = \"www.isp.example\"\nca = \"{ca}\"\n"
    );
    let old = tried(&table);
    assert!(wrong(&old).contains("expired"), "{old:?}");
    assert_eq!((old.ends, old.status), (Some(1_622_505_600), None));
}

#[test]
fn a_real_web_server_is_asked_by_name_and_path() {
    let folder = Folder::new("python");
    std::fs::write(folder.path("health"), "alive and well").expect("written");
    let port = port();
    let child = Command::new("python3")
        .args(["-m", "http.server", "--bind", "127.0.0.1", "--directory"])
        .args([folder.path(""), port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _server = Server(child.expect("python3"));
    listens(port);
    let asked = format!("asks = \"http\"\nto = \"localhost\"\nport = {port}\n");
    let well = tried(&format!("{asked}path = \"/health\"\ncontains = \"alive\""));
    assert_eq!((wrong(&well), well.status), ("", Some(200)));
    let missing = tried(&format!("{asked}path = \"/nothing\""));
    assert_eq!((wrong(&missing), missing.status), ("status 404", Some(404)));
    let open = tried(&format!("asks = \"tcp\"\nto = \"127.0.0.1\"\nport = {port}"));
    assert_eq!(wrong(&open), "");
}

#[test]
fn nobody_there_is_told_at_once() {
    let refused = tried(&format!("asks = \"tcp\"\nto = \"127.0.0.1\"\nport = {}", port()));
    assert!(wrong(&refused).contains("refused"), "{refused:?}");
    assert!(refused.took < Duration::from_secs(2), "{refused:?}");
    let unknown = tried("asks = \"icmp\"\nto = \"nobody.invalid\"\ntimeout = 5");
    assert!(wrong(&unknown).starts_with("nobody.invalid: "), "{unknown:?}");
}

#[test]
fn servers_that_are_silent_slow_or_endless_take_no_more_than_their_time() {
    let silent = rude(|stream| drop(stream.read(&mut [0; 1])));
    // Accepts, reads the request and goes on reading: never a word.
    let mute = rude(|stream| drop(stream.read_to_end(&mut Vec::new())));
    let loris = rude(|stream| {
        drop(stream.read(&mut [0; 1024]));
        while stream.write_all(b"H").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    for port in [mute, loris] {
        let table = format!("asks = \"http\"\nto = \"127.0.0.1\"\nport = {port}\ntimeout = 1");
        let slow = tried(&table);
        assert!(wrong(&slow).contains("timed out"), "{slow:?}");
        assert!(slow.took < Duration::from_secs(4), "{slow:?}");
    }
    let cut = tried(&format!("asks = \"http\"\nto = \"127.0.0.1\"\nport = {silent}\ntimeout = 5"));
    assert!(cut.wrong.is_some(), "{cut:?}");
    let flood = rude(|stream| {
        drop(stream.read(&mut [0; 1024]));
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
        while stream.write_all(&[b'x'; 8_192]).is_ok() {}
    });
    let table = format!("asks = \"http\"\nto = \"127.0.0.1\"\nport = {flood}\n");
    let endless = tried(&format!("{table}contains = \"needle\""));
    assert_eq!(wrong(&endless), "the text is not in the page");
    assert_eq!(wrong(&tried(&table)), "", "a page is up without being read to its end");
}

#[test]
fn answers_that_are_no_http_are_no_pages() {
    let asked = |answer| {
        let port = answering(answer);
        tried(&format!("asks = \"http\"\nto = \"127.0.0.1\"\nport = {port}\ntimeout = 5"))
    };
    let mail = asked(b"220 mail ESMTP\r\n");
    assert_eq!(wrong(&mail), "the answer is no HTTP");
    assert!(asked(b"").wrong.is_some());
    assert!(asked(b"HTTP/1.1 200 OK\r\nX: y\r\n").wrong.is_some(), "its head has no end");
    assert_eq!(wrong(&asked(b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n")), "");
    assert_eq!(wrong(&asked(b"HTTP/1.1 503 No\r\n\r\n")), "status 503");
}

#[test]
fn a_mail_server_greets_and_its_tls_is_judged_where_a_name_is_given() {
    let folder = Folder::new("mail");
    let ca = certificate(&folder, "mail.isp.example", "");
    // OpenSSL has no mail server: this speaks as much SMTP as comes before TLS.
    let plain = rude(|stream| {
        drop(stream.write_all(b"220 mail.isp.example ESMTP\r\n"));
        drop(stream.read(&mut [0; 256]));
        drop(stream.write_all(b"250-mail.isp.example\r\n250-SIZE 100\r\n250 HELP\r\n"));
        drop(stream.read(&mut [0; 256]));
    });
    let asked = format!("asks = \"smtp\"\nto = \"127.0.0.1\"\nport = {plain}\ntimeout = 5\n");
    assert_eq!(wrong(&tried(&asked)), "");
    let named = tried(&format!("{asked}name = \"mail.isp.example\"\nca = \"{ca}\""));
    assert_eq!(wrong(&named), "STARTTLS is not offered");
    let busy = answering_at_once(b"421 too busy\r\n");
    let table = format!("asks = \"smtp\"\nto = \"127.0.0.1\"\nport = {busy}\ntimeout = 5");
    assert!(wrong(&tried(&table)).contains("421 too busy"));
}

#[test]
fn a_name_is_there_or_not_as_its_server_says() {
    let asked = |flags, records| {
        let port = name_server(flags, records);
        tried(&format!(
            "asks = \"dns\"\nto = \"127.0.0.1\"\nport = {port}\nname = \"isp.example\"\ntimeout = 5"
        ))
    };
    let there = asked([0x81, 0x80], 1);
    assert_eq!((wrong(&there), there.records), ("", Some(1)));
    let cut = asked([0x83, 0x80], 0);
    assert_eq!((wrong(&cut), cut.records), ("", Some(2)), "asked again by TCP");
    assert_eq!(wrong(&asked([0x81, 0x83], 0)), "NXDOMAIN: there is no such name");
    assert_eq!(wrong(&asked([0x81, 0x80], 0)), "the name has no address");
}

#[test]
fn an_echo_comes_back_from_here_by_both_families() {
    for to in ["127.0.0.1", "::1"] {
        let echo = tried(&format!("asks = \"icmp\"\nto = \"{to}\"\ntimeout = 5"));
        if wrong(&echo).contains("no echo may be sent") {
            println!("left out: this machine gives neither a ping socket nor a raw one");
            return;
        }
        assert_eq!(wrong(&echo), "");
        assert!(echo.echo.is_some_and(|time| time < Duration::from_secs(5)), "{echo:?}");
    }
    // Everybody's address is nobody's to ask, unless a socket says that it means everybody.
    let nobody = tried("asks = \"icmp\"\nto = \"255.255.255.255\"\ntimeout = 2");
    assert!(nobody.wrong.is_some(), "{nobody:?}");
}

#[test]
fn a_host_says_whether_it_holds_an_address() {
    let held = tried("asks = \"held\"\naddresses = [\"192.0.2.1\", \"127.0.0.1\"]");
    assert_eq!((wrong(&held), held.held), ("", Some(true)));
    let other = tried("asks = \"held\"\naddresses = [\"192.0.2.1\", \"2001:db8::1\"]");
    assert_eq!((wrong(&other), other.held), ("", Some(false)));
}

#[test]
fn what_came_of_probes_is_told_in_the_names_of_blackbox_exporter() {
    let port = answering(b"HTTP/1.1 200 OK\r\n\r\nWelcome");
    let table = format!(
        "asks = \"http\"\nto = \"127.0.0.1\"\nport = {port}\ninterval = 1\n\
         [[probe]]\ncheck = \"vip.a/held\"\nobject = \"vip.a\"\nasks = \"held\"\naddresses = [\"127.0.0.1\"]\ninterval = 1\n"
    );
    let prober = Prober::start(config(&table).probe);
    let until = Instant::now() + Duration::from_secs(20);
    let text = loop {
        let mut found = Families::default();
        prober.tell(&mut found);
        let text = found.write();
        if text.contains("ketupa_vip_held") && text.contains("probe_success") {
            break text;
        }
        assert!(Instant::now() < until, "{text}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let of = "{check=\"a/b\",object=\"service.a\"}";
    for line in [
        format!("probe_success{of} 1"),
        format!("probe_http_status_code{of} 200"),
        format!("probe_http_ssl{of} 0"),
        format!("probe_ip_protocol{of} 4"),
        "ketupa_vip_held{vip=\"vip.a\"} 1".to_owned(),
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_thing_that_goes_down_is_noticed_with_the_next_try() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let table = format!("asks = \"tcp\"\nto = \"127.0.0.1\"\nport = {port}\ninterval = 1");
    let prober = Prober::start(config(&table).probe);
    let says = |wanted: &str| {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let mut found = Families::default();
            prober.tell(&mut found);
            if found.write().contains(wanted) {
                return;
            }
            assert!(Instant::now() < until, "it never said {wanted}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    says("probe_success{check=\"a/b\",object=\"service.a\"} 1");
    drop(listener);
    says("probe_success{check=\"a/b\",object=\"service.a\"} 0");
}

#[test]
fn tables_that_could_not_be_tried_are_refused_with_their_name() {
    let cases = [
        ("asks = \"tcp\"\nto = \"x\"", "tcp needs a port"),
        ("asks = \"icmp\"", "to is missing"),
        ("asks = \"held\"", "held needs addresses"),
        ("asks = \"http\"\nto = \"x\"\npath = \"no\"", "begins with /"),
        ("asks = \"http\"\nto = \"x\"\nname = \"a\\r\\nX: y\"", "one line"),
        ("asks = \"icmp\"\nto = \"x\"\ninterval = 0", "interval is"),
    ];
    for (table, why) in cases {
        let text = format!("[[probe]]\ncheck = \"a/b\"\nobject = \"o\"\n{table}");
        let told = Config::parse(&text).expect_err(table);
        assert!(told.contains(why) && told.contains("a/b"), "{told}");
    }
    let one = config("asks = \"icmp\"\nto = \"x\"").probe;
    let twice = [one.clone(), one].concat();
    assert!(check(&twice).expect_err("twice").contains("another one of this name"));
}
