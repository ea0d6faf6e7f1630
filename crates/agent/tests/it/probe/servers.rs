//! Servers to ask: real ones, and ones that behave badly.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A folder of its own that is gone afterwards.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ketupa-probe-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A program that ends with the test.
pub(super) struct Server(pub(super) Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A port that nobody uses now.
pub(super) fn port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}

pub(super) fn openssl(words: &[&str]) {
    let out = Command::new("openssl").args(words).output().expect("openssl");
    assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// An authority, and a certificate of it for a name that ends at a day; gives where the authority's is.
pub(super) fn certificate(folder: &Folder, name: &str, ends: &str) -> String {
    let path = |file: &str| folder.path(file);
    let (ca, key, asked, own) = (path("ca.pem"), path("ca.key"), path("own.csr"), path("own.pem"));
    let new = ["req", "-newkey", "rsa:2048", "-nodes", "-keyout"];
    let authority = ["-x509", "-subj", "/CN=An authority", "-days", "3", "-out", &ca];
    openssl(&[&new[..], &[&key], &authority[..]].concat());
    let subject = format!("/CN={name}");
    openssl(&[&new[..], &[&path("own.key"), "-subj", &subject, "-out", &asked]].concat());
    let alias = path("alias");
    std::fs::write(&alias, format!("subjectAltName=DNS:{name}\n")).expect("written");
    let signed = ["x509", "-req", "-in", &asked, "-CA", &ca, "-CAkey", &key, "-extfile", &alias];
    if ends.is_empty() {
        openssl(&[&signed[..], &["-days", "2", "-out", &own]].concat());
    } else {
        // Only `openssl ca` can end one in the past.
        let settings = format!(
            "[ca]\ndefault_ca=x\n[x]\ndatabase={0}/index\nserial={0}/serial\nnew_certs_dir={0}\n\
             default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:{name}\n",
            folder.0.display()
        );
        std::fs::write(path("settings"), settings).expect("written");
        std::fs::write(path("index"), "").expect("written");
        std::fs::write(path("serial"), "01\n").expect("written");
        let settings = path("settings");
        let by =
            ["ca", "-batch", "-config", &settings, "-cert", &ca, "-keyfile", &key, "-in", &asked];
        let when = ["-startdate", "20200101000000Z", "-enddate", ends, "-notext", "-out", &own];
        openssl(&[&by[..], &when].concat());
    }
    ca
}

/// OpenSSL's web server with that certificate: it says how the connection is.
pub(super) fn https(folder: &Folder) -> (Server, u16) {
    let port = port();
    let (listen, own, key) =
        (format!("127.0.0.1:{port}"), folder.path("own.pem"), folder.path("own.key"));
    let child = Command::new("openssl")
        .args(["s_server", "-accept", &listen, "-cert", &own, "-key", &key, "-www", "-quiet"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl");
    let server = Server(child);
    listens(port);
    (server, port)
}

/// Waits until somebody listens there.
pub(super) fn listens(port: u16) {
    let until = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(Instant::now() < until, "nobody listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A server that does one thing with every connection.
pub(super) fn rude(act: impl Fn(&mut std::net::TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            act(&mut stream.expect("a connection"));
        }
    });
    port
}

/// Answers a request with these bytes.
pub(super) fn answering(answer: &'static [u8]) -> u16 {
    rude(move |stream| {
        let mut some = [0; 1024];
        drop(stream.read(&mut some));
        drop(stream.write_all(answer));
    })
}

/// Says these bytes to whoever comes.
pub(super) fn answering_at_once(answer: &'static [u8]) -> u16 {
    rude(move |stream| {
        drop(stream.write_all(answer));
        drop(stream.read(&mut [0; 256]));
    })
}

/// A DNS server that answers every question in one way; by TCP it has two records.
pub(super) fn name_server(flags: [u8; 2], records: u8) -> u16 {
    let answer = move |question: &[u8], flags: [u8; 2], records: u8| {
        let mut answer = question.to_vec();
        answer[2] = flags[0];
        answer[3] = flags[1];
        answer[7] = records;
        answer
    };
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address: SocketAddr = udp.local_addr().expect("its address");
        // Another program may have the port of TCP.
        if let Ok(tcp) = TcpListener::bind(address) {
            break (udp, tcp);
        }
    };
    let port = udp.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = udp.recv_from(&mut question) {
            // What belongs to nobody comes first: it must not count.
            drop(udp.send_to(b"\0\0nonsense", from));
            drop(udp.send_to(&answer(&question[..length], flags, records), from));
        }
    });
    std::thread::spawn(move || {
        for stream in tcp.incoming() {
            let mut stream = stream.expect("a connection");
            let mut length = [0; 2];
            stream.read_exact(&mut length).expect("a length");
            let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut question).expect("a question");
            let answer = answer(&question, [0x81, 0x80], 2);
            let length = u16::try_from(answer.len()).expect("it is short");
            stream.write_all(&[&length.to_be_bytes(), &answer[..]].concat()).expect("taken");
        }
    });
    port
}
