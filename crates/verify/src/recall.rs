//! Remembers what became of a packet by what the hosts on its way did with it: in another state in
//! which these do the same, the same becomes of it, whatever the others do.

use crate::forwards::FormNumber;
use crate::plane::Position;
use std::collections::BTreeMap;

/// What was seen, by a key and by what hosts do.
pub(crate) struct Recall<K, T> {
    roots: BTreeMap<K, usize>,
    nodes: Vec<Node<T>>,
}

/// A question on the way to what was seen.
enum Node<T> {
    /// What this host does, and where each answer leads.
    Asks(Position, Vec<(FormNumber, usize)>),
    /// What becomes of it.
    Knows(T),
}

/// Beyond this, everything is forgotten: memory stays small however many states there are.
const MOST: usize = 1 << 18;

impl<K: Ord, T: Clone> Recall<K, T> {
    /// Nothing seen yet.
    pub(crate) fn new() -> Self {
        Self { roots: BTreeMap::new(), nodes: Vec::new() }
    }

    /// What becomes of a packet where hosts do this.
    pub(crate) fn get(&self, key: &K, column: &[FormNumber]) -> Option<T> {
        let mut at = *self.roots.get(key)?;
        loop {
            match &self.nodes[at] {
                Node::Knows(seen) => return Some(seen.clone()),
                Node::Asks(host, answers) => {
                    let form = column[*host];
                    at = answers.iter().find(|(known, _)| *known == form)?.1;
                }
            }
        }
    }

    /// Remembers it: `hosts` are those that were asked, in the order in which they were.
    pub(crate) fn insert(&mut self, key: K, hosts: &[Position], column: &[FormNumber], seen: T) {
        if self.nodes.len() > MOST {
            self.nodes.clear();
            self.roots.clear();
        }
        let known = self.roots.get(&key).copied();
        let mut at = known.unwrap_or_else(|| self.node(hosts.first(), &seen));
        self.roots.insert(key, at);
        for (place, host) in hosts.iter().enumerate() {
            let form = column[*host];
            let next = self.next(at, form);
            let new = next.unwrap_or_else(|| self.node(hosts.get(place + 1), &seen));
            if let (None, Node::Asks(_, answers)) = (next, &mut self.nodes[at]) {
                answers.push((form, new));
            }
            at = new;
        }
    }

    fn next(&self, at: usize, form: FormNumber) -> Option<usize> {
        match &self.nodes[at] {
            Node::Asks(_, answers) => {
                answers.iter().find(|(known, _)| *known == form).map(|(_, next)| *next)
            }
            Node::Knows(_) => None,
        }
    }

    /// A new node: the question about a host, or what is seen where none is left.
    fn node(&mut self, host: Option<&Position>, seen: &T) -> usize {
        self.nodes.push(match host {
            Some(host) => Node::Asks(*host, Vec::new()),
            None => Node::Knows(seen.clone()),
        });
        self.nodes.len() - 1
    }
}
