//! Remembers what became of a packet by what the hosts on its way did with it: in another state in
//! which these do the same, the same becomes of it, whatever the others do.

use crate::forwards::FormNumber;
use crate::plane::Position;

/// A host that was asked, and what it does.
pub(crate) type Asked = (Position, FormNumber);

/// What was seen of each flow, by a key and by what hosts do.
pub(crate) struct Recall<K, T> {
    /// By flow.
    roots: Vec<Vec<(K, u32)>>,
    nodes: Vec<Node<T>>,
}

/// A question on the way to what was seen.
enum Node<T> {
    /// What this host does, and where each answer leads.
    Asks(u32, Vec<(FormNumber, u32)>),
    /// What becomes of it.
    Knows(T),
}

/// Beyond this, everything is forgotten: memory stays small however many states there are.
const MOST: usize = 1 << 18;

impl<K: PartialEq, T: Clone> Recall<K, T> {
    /// Nothing seen yet.
    pub(crate) fn new() -> Self {
        Self { roots: Vec::new(), nodes: Vec::new() }
    }

    fn root(&self, flow: usize, key: &K) -> Option<u32> {
        let alike = self.roots.get(flow)?;
        alike.iter().find(|(known, _)| known == key).map(|(_, root)| *root)
    }

    /// What becomes of a flow's packet where hosts do this.
    pub(crate) fn get(
        &self,
        flow: usize,
        key: &K,
        mut does: impl FnMut(Position) -> FormNumber,
    ) -> Option<T> {
        let mut at = self.root(flow, key)?;
        loop {
            match &self.nodes[at as usize] {
                Node::Knows(seen) => return Some(seen.clone()),
                Node::Asks(host, answers) => {
                    let form = does(*host as usize);
                    at = answers.iter().find(|(known, _)| *known == form)?.1;
                }
            }
        }
    }

    /// Remembers it: these hosts were asked, in this order.
    pub(crate) fn insert(&mut self, (flow, key): (usize, K), hosts: &[Asked], seen: T) {
        if self.nodes.len() > MOST {
            self.nodes.clear();
            self.roots.clear();
        }
        let known = self.root(flow, &key);
        let mut at = known.unwrap_or_else(|| self.node(hosts.first(), &seen));
        if known.is_none() {
            let flows = self.roots.len().max(flow + 1);
            self.roots.resize_with(flows, Vec::new);
            self.roots[flow].push((key, at));
        }
        for (place, (_, form)) in hosts.iter().enumerate() {
            let form = *form;
            let next = self.next(at, form);
            let new = next.unwrap_or_else(|| self.node(hosts.get(place + 1), &seen));
            if let (None, Node::Asks(_, answers)) = (next, &mut self.nodes[at as usize]) {
                answers.push((form, new));
            }
            at = new;
        }
    }

    fn next(&self, at: u32, form: FormNumber) -> Option<u32> {
        match &self.nodes[at as usize] {
            Node::Asks(_, answers) => {
                answers.iter().find(|(known, _)| *known == form).map(|(_, next)| *next)
            }
            Node::Knows(_) => None,
        }
    }

    /// A new node: the question about a host, or what is seen where none is left.
    fn node(&mut self, host: Option<&Asked>, seen: &T) -> u32 {
        self.nodes.push(match host {
            Some((host, _)) => Node::Asks(*host as u32, Vec::new()),
            None => Node::Knows(seen.clone()),
        });
        (self.nodes.len() - 1) as u32
    }
}
