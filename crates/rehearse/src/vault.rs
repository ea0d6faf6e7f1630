//! Secrets of a rehearsal: made up, the same on every run, never those of the real network.

use converge::{NoSecret, Program, Vault};
use model::{Isp, Named as _};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The certificate authority's certificate, below the rehearsal's folder.
pub(crate) const AUTHORITY: &str = "authority.pem";

/// Made-up secrets, with certificates signed by an authority of the twin's own.
pub(crate) struct MadeUp {
    certificates: BTreeMap<String, String>,
}

impl MadeUp {
    /// Makes the authority and every certificate that the ISP declares, below `folder`.
    pub(crate) fn new(isp: &Isp, folder: &Path) -> Result<Self, String> {
        let mut certificates = BTreeMap::new();
        if isp.certificates.is_empty() {
            return Ok(Self { certificates });
        }
        if !folder.join(AUTHORITY).exists() {
            authority(folder)?;
        }
        for certificate in isp.certificates.values() {
            let pem = sign(folder, certificate.name(), &certificate.names)?;
            certificates.insert(certificate.secret.0.clone(), pem);
        }
        Ok(Self { certificates })
    }
}

impl Vault for MadeUp {
    fn reveal(&self, reference: &str) -> Result<String, NoSecret> {
        if let Some(pem) = self.certificates.get(reference) {
            return Ok(pem.clone());
        }
        let digest = Sha256::digest(format!("twin {reference}"));
        // 16 bytes in hex fit every daemon's limit on passwords.
        Ok(digest.iter().take(16).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")))
    }

    /// The first process of a container is this very program, which has the agent in it: nothing needs
    /// to be built for a rehearsal, and its memory is shared.
    fn program(&self, name: &str) -> Result<Program, String> {
        let command = name.strip_prefix("ketupa-").unwrap_or(name);
        let script = format!("#!/bin/sh\nexec {} {command} \"$@\"\n", twin::PROGRAM);
        Ok(Program::new(script.into_bytes()))
    }
}

/// The authority that signs every certificate of this rehearsal.
fn authority(folder: &Path) -> Result<(), String> {
    let key = ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ca.key"];
    openssl(folder, &key)?;
    let own = ["req", "-x509", "-new", "-key", "ca.key", "-days", "3650"];
    openssl(folder, &[&own[..], &["-subj", "/CN=Ketupa twin", "-out", AUTHORITY]].concat())
}

/// Certificate, key and authority in one text, as `HAProxy` wants them. One that is there is kept, so
/// that a second apply finds nothing to change.
fn sign(folder: &Path, name: &str, names: &[String]) -> Result<String, String> {
    let file = |kind: &str| format!("{name}.{kind}");
    let (key, request, certificate) = (file("key"), file("csr"), file("crt"));
    let alternatives: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
    let extension = format!("subjectAltName={}", alternatives.join(","));
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).map_err(|e| e.to_string());
    let whole = || Ok(read(&certificate)? + &read(&key)? + &read(AUTHORITY)?);
    let extensions = file("ext");
    if folder.join(&certificate).exists() && read(&extensions)? == extension {
        return whole();
    }
    openssl(folder, &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key])?;
    let subject = format!("/CN={name}");
    openssl(folder, &["req", "-new", "-key", &key, "-subj", &subject, "-out", &request])?;
    std::fs::write(folder.join(&extensions), extension).map_err(|e| e.to_string())?;
    openssl(
        folder,
        &[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            AUTHORITY,
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "3650",
            "-extfile",
            &extensions,
            "-out",
            &certificate,
        ],
    )?;
    whole()
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output();
    let output = output.map_err(|error| format!("cannot run openssl: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("openssl {} failed: {}", arguments.first().unwrap_or(&""), said.trim()))
}
