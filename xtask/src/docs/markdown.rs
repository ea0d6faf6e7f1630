//! The few forms of Markdown that the pages use.

/// Said at the top of every generated page.
pub(super) fn generated(from: &str) -> String {
    format!(
        "<!-- Written by `cargo run -p xtask -- docs` from {from}: changes by hand are lost. -->\n"
    )
}

/// A table; a cell may not break the row.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(header.iter().map(|cell| (*cell).to_owned()).collect());
    text += &line(header.iter().map(|_| "---".to_owned()).collect());
    for row in rows {
        text += &line(row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect());
    }
    text
}

/// A block of code.
pub(super) fn fenced(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```\n", text.trim_end())
}

/// A page's headings, each `by` levels deeper; what stands in code blocks is left alone.
pub(super) fn deeper(text: &str, by: usize) -> String {
    let mut fence = false;
    let line = |line: &str| {
        fence ^= line.starts_with("```");
        let heading = !fence && line.starts_with('#');
        if heading { format!("{}{line}\n", "#".repeat(by)) } else { format!("{line}\n") }
    };
    text.lines().map(line).collect()
}

/// A page without the title in its first line.
pub(super) fn untitled(text: &str) -> &str {
    match text.split_once('\n') {
        Some((title, rest)) if title.starts_with('#') => rest.trim_start(),
        Some(_) | None => text,
    }
}
