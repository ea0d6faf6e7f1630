//! A program is told by its hash, travels when it differs, and never otherwise.

use std::sync::atomic::{AtomicUsize, Ordering};

use component::tree::{File, HostTree};
use converge::{
    Interrupted, NoSecret, Outcome, Plan, Program, Trouble, Vault, apply, observe, plan,
};
use host::wire::{Answer, Request};
use insta::assert_snapshot;
use machine::{Here, Machine, Unreachable};

use crate::lab::{Lab, Safe};

const PATH: &str = "/usr/local/lib/ketupa/ketupa-agent";

/// Somebody who has one program, and no secrets.
struct Shelf(Vec<u8>);

impl Shelf {
    /// A program of a size that is noticed on the way.
    fn of(byte: u8) -> Self {
        Self([b"\x7fELF".as_slice(), &vec![byte; 200_000]].concat())
    }
}

impl Vault for Shelf {
    fn reveal(&self, reference: &str) -> Result<String, NoSecret> {
        Err(NoSecret::new(reference, "there are none"))
    }

    fn program(&self, name: &str) -> Result<Program, String> {
        assert_eq!(name, "ketupa-agent");
        Ok(Program::new(self.0.clone()))
    }
}

/// A machine that counts what is sent to it.
struct Counting(Here, AtomicUsize);

impl Machine for Counting {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn exchange(&self, requests: &[Request]) -> Result<Vec<Answer>, Unreachable> {
        for request in requests {
            let mut sent = Vec::new();
            host::frame::send(&mut sent, request).unwrap();
            self.1.fetch_add(sent.len(), Ordering::Relaxed);
        }
        self.0.exchange(requests)
    }
}

fn tree(more: &str) -> HostTree {
    let files = [(PATH, File::program("ketupa-agent")), ("/etc/agent.toml", File::public(more))];
    let files = files.into_iter().map(|(path, file)| (path.to_owned(), file)).collect();
    HostTree { files, ..HostTree::default() }
}

/// Plans and applies; the plan, and how many bytes went.
fn converge(lab: &Lab, tree: &HostTree, shelf: &Shelf) -> (Plan, usize) {
    let machine = Counting(lab.machine(), AtomicUsize::new(0));
    let observed = observe(tree, &machine, shelf, Interrupted::Report).unwrap();
    let plan = plan(tree, &observed);
    let outcome = apply(&plan, &machine, shelf);
    assert!(matches!(outcome, Outcome::Done { .. } | Outcome::Unchanged), "{outcome:?}");
    (plan, machine.1.into_inner())
}

#[test]
fn a_program_travels_when_it_differs_and_only_then() {
    let lab = Lab::new();
    let (plan, sent) = converge(&lab, &tree("one\n"), &Shelf::of(0xf1));
    assert_snapshot!(plan, @r"
    edge-01: 2 files
      create /etc/agent.toml (root:root 0644)
        --- /dev/null
        +++ /etc/agent.toml
        @@ -0,0 +1 @@
        +one
      create /usr/local/lib/ketupa/ketupa-agent (root:root 0755)
        the program ketupa-agent: binary, cdc33ef3d142
    ");
    assert!(sent > 200_000, "{sent}");
    assert_eq!(std::fs::read(lab.at(PATH)).unwrap(), Shelf::of(0xf1).0);

    let (plan, sent) = converge(&lab, &tree("one\n"), &Shelf::of(0xf1));
    assert!(plan.is_empty() && sent < 2_000, "{sent}: {plan}");
    let (_, sent) = converge(&lab, &tree("two\n"), &Shelf::of(0xf1));
    assert!(sent < 4_000, "another file changed, and {sent} bytes went");

    let (plan, _) = converge(&lab, &tree("two\n"), &Shelf::of(0xf2));
    assert_snapshot!(plan, @r"
    edge-01: 1 file
      change /usr/local/lib/ketupa/ketupa-agent
        the program ketupa-agent: binary, cdc33ef3d142 -> 8862afedbc44
    ");
    assert_eq!(std::fs::read(lab.at(PATH)).unwrap(), Shelf::of(0xf2).0);
    assert!(!format!("{plan:?}").contains("ELF"), "nobody reads a program");
}

#[test]
fn text_that_stands_where_a_program_shall_be_is_replaced_and_asks_for_no_secret() {
    let lab = Lab::new();
    lab.put(PATH, "#!/bin/sh\n");
    let (plan, _) = converge(&lab, &tree(""), &Shelf::of(0xf1));
    assert!(plan.to_string().contains("the program ketupa-agent: binary, "), "{plan}");
    assert_eq!(std::fs::read(lab.at(PATH)).unwrap(), Shelf::of(0xf1).0);
}

#[test]
fn who_has_no_programs_says_so_before_anything_is_asked() {
    let lab = Lab::new();
    let observed = observe(&tree(""), &lab.machine(), &Safe("x"), Interrupted::Report);
    let Err(Trouble::NoProgram { why }) = observed else { panic!("{observed:?}") };
    assert_eq!(why, "nobody here has the program ketupa-agent");
}
