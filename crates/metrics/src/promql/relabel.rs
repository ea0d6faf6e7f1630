//! Functions that change labels.

use super::Wrong;
use super::calls::Arguments;
use super::value::{Row, unite};
use crate::labels::is_label_name;
use crate::matcher::anchored;

pub(super) fn replace(arguments: &Arguments<'_>) -> Result<Vec<Row>, Wrong> {
    let rows = arguments.vector(0)?;
    let to = name(arguments.text(1)?)?;
    let (with, from, expression) = (arguments.text(2)?, arguments.text(3)?, arguments.text(4)?);
    let expression = anchored(&expression).map_err(Wrong::Question)?;
    let replaced = rows.into_iter().map(|mut row| {
        if let Some(found) = expression.captures(row.labels.get(&from)) {
            let mut value = String::new();
            found.expand(&with, &mut value);
            row.labels = row.labels.with(&to, &value);
        }
        row
    });
    unite(replaced.collect())
}

pub(super) fn join(arguments: &Arguments<'_>) -> Result<Vec<Row>, Wrong> {
    let rows = arguments.vector(0)?;
    let to = name(arguments.text(1)?)?;
    let between = arguments.text(2)?;
    let from = (3..arguments.len()).map(|position| name(arguments.text(position)?));
    let from = from.collect::<Result<Vec<String>, Wrong>>()?;
    let joined = rows.into_iter().map(|mut row| {
        let parts: Vec<&str> = from.iter().map(|name| row.labels.get(name)).collect();
        row.labels = row.labels.with(&to, &parts.join(&between));
        row
    });
    unite(joined.collect())
}

fn name(name: String) -> Result<String, Wrong> {
    if is_label_name(&name) {
        Ok(name)
    } else {
        Err(Wrong::Question(format!("{name:?} is no proper label name")))
    }
}
