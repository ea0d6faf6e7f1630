//! YAML as rule files have it: texts, lists and maps, each with the line on which it begins.

use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::BTreeMap;

/// Nodes of one file, those that stand in for an alias counted each time.
const MOST_NODES: usize = 1 << 20;
/// Lists in maps in lists.
const DEEPEST: usize = 32;

/// Something, and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// What is written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Nothing,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its line, and what it stands before.
pub(crate) type Entry = ((String, usize), Node);

/// A sentence, and the line that it is about.
pub(crate) type Wrong = (usize, String);

/// A list or map that is not at its end.
enum Open {
    List(Vec<Node>),
    Map(Vec<Entry>, Option<(String, usize)>),
}

#[derive(Default)]
struct Reading {
    open: Vec<(Open, usize, usize)>,
    anchors: BTreeMap<usize, (Node, usize)>,
    /// The nodes so far.
    count: usize,
    whole: Option<Node>,
}

/// Reads the first document of a text; one without content is nothing.
pub(crate) fn read(text: &str) -> Result<Option<Node>, Wrong> {
    let mut reading = Reading::default();
    let mut ended = false;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let line = error.marker().line();
            (line, format!("it is no YAML: {}", error.info()))
        })?;
        let line = span.start.line();
        match event {
            Event::DocumentStart(_) if ended => {
                return Err((line, "a second document begins: one file holds one".into()));
            }
            Event::DocumentEnd => ended = true,
            Event::StreamStart | Event::StreamEnd | Event::Nothing | Event::DocumentStart(_) => {}
            Event::Alias(anchor) => reading.alias(anchor, line)?,
            Event::Scalar(text, style, anchor, _) => {
                reading.put(Node { line, value: scalar(&text, style) }, anchor, 1)?;
            }
            Event::SequenceStart(anchor, _) => reading.begin(Open::List(vec![]), line, anchor)?,
            Event::MappingStart(anchor, _) => {
                reading.begin(Open::Map(vec![], None), line, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => reading.end()?,
        }
    }
    Ok(reading.whole)
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let plain = style == ScalarStyle::Plain;
    if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Value::Nothing;
    }
    Value::Text(text.to_owned())
}

impl Reading {
    fn begin(&mut self, open: Open, line: usize, anchor: usize) -> Result<(), Wrong> {
        if self.open.len() >= DEEPEST {
            return Err((line, format!("it is nested more than {DEEPEST} deep")));
        }
        self.open.push((open, line, anchor));
        Ok(())
    }

    fn end(&mut self) -> Result<(), Wrong> {
        let Some((open, line, anchor)) = self.open.pop() else { return Ok(()) };
        let value = match open {
            Open::List(list) => Value::List(list),
            Open::Map(entries, _) => Value::Map(entries),
        };
        self.put(Node { line, value }, anchor, 1)
    }

    fn alias(&mut self, anchor: usize, line: usize) -> Result<(), Wrong> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            return Err((line, "it stands in for itself".into()));
        };
        self.put(node, 0, size)
    }

    fn put(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Wrong> {
        let line = node.line;
        self.count = self.count.saturating_add(size);
        if self.count > MOST_NODES {
            return Err((line, format!("there are more than {MOST_NODES} values")));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size_of(&node)));
        }
        match self.open.last_mut() {
            None => self.whole = Some(node),
            Some((Open::List(list), ..)) => list.push(node),
            Some((Open::Map(entries, key), ..)) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(as_key(entries, node)?),
            },
        }
        Ok(())
    }
}

fn as_key(entries: &[Entry], node: Node) -> Result<(String, usize), Wrong> {
    let Value::Text(text) = node.value else {
        return Err((node.line, "a key must be a word".into()));
    };
    if entries.iter().any(|((known, _), _)| *known == text) {
        return Err((node.line, format!("`{text:.60}` is there twice")));
    }
    Ok((text, node.line))
}

/// How many nodes a node is.
fn size_of(node: &Node) -> usize {
    match &node.value {
        Value::Nothing | Value::Text(_) => 1,
        Value::List(list) => 1 + list.iter().map(size_of).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|(_, node)| size_of(node)).sum::<usize>(),
    }
}
