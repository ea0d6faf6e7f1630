//! TLS to a real PostgreSQL: whoever has the right name and the right authority, and nobody else.

use crate::store::{Database as _, Postgres, Store};
use testkit::cluster::Cluster;

/// Whether the server says of this connection that it is encrypted.
fn is_encrypted(database: &mut Postgres) -> bool {
    let asks = "SELECT CAST(CASE WHEN ssl THEN 1 ELSE 0 END AS BIGINT) FROM pg_stat_ssl \
                WHERE pid = pg_backend_pid()";
    let rows = database.query(asks, &[]).expect("it answers");
    rows[0].int(0).expect("a number") == 1
}

fn refused(address: &str) -> String {
    Postgres::open(address).map(|_| ()).expect_err(address).says
}

#[test]
fn real_postgresql_is_reached_by_tls_under_its_own_name_only() {
    let cluster = Cluster::start_with_tls("tls");
    let at = |host: &str, more: &str| {
        format!("postgres://ketupa@{host}:{}/postgres?{more}", cluster.port())
    };
    let believed = format!("sslrootcert={}", cluster.authority().display());
    for mode in ["verify-full", "require"] {
        let address = at("localhost", &format!("sslmode={mode}&{believed}"));
        let mut database = Postgres::open(&address).expect("name and authority are right");
        assert!(is_encrypted(&mut database), "{mode}");
        Store::open(Box::new(database)).expect("the tables are made over it");
    }
    let wrong_name = refused(&at("127.0.0.1", &format!("sslmode=verify-full&{believed}")));
    assert!(wrong_name.contains("not valid for name \"127.0.0.1\""), "{wrong_name}");
    assert!(wrong_name.contains("as the host"), "{wrong_name}");
    // No authority of this system signed it.
    let stranger = refused(&at("localhost", "sslmode=verify-full"));
    assert!(stranger.contains("UnknownIssuer") && stranger.contains("sslrootcert"), "{stranger}");
    let mut plain = Postgres::open(&at("127.0.0.1", "sslmode=disable")).expect("as it always was");
    assert!(!is_encrypted(&mut plain));
    let mut near = Postgres::open(&cluster.address()).expect("by the socket");
    assert!(!is_encrypted(&mut near));
}

#[test]
fn real_postgresql_without_tls_is_not_spoken_to_in_clear() {
    let cluster = Cluster::start("no-tls");
    let says = refused(&format!("{} sslmode=require", cluster.address()));
    assert!(says.contains("TLS"), "{says}");
    let file = refused("postgres://a@db.example/x?sslrootcert=/no/such/file");
    assert!(file.contains("/no/such/file") && file.contains("sslrootcert"), "{file}");
}
