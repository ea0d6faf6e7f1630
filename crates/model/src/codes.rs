//! The codes of what a load finds wrong, each with a page for `ketupa explain`.

/// Every code of a load, with what it means and how to mend it; the first line is its title.
pub const PAGES: &[(&str, &str)] = &[
    (
        "M-EMPTY",
        "No TOML file declares anything\n\n\
         The directory holds no `*.toml` file with a table in it. Give the directory that holds \
         your provider, or copy `examples/minimal` and start from there.",
    ),
    (
        "M-FILE",
        "A file cannot be taken as text\n\n\
         It is not valid UTF-8, is larger than 4 MiB, or may not be read. Nothing else is wrong \
         with the other files: they are read all the same, and their mistakes are reported too.\n\n\
         Of a file with rules that `rules` of `[watch]` names, it says also that the server could not \
         take it: `ketupa rules --check FILE` tells the same of one file.",
    ),
    (
        "M-SYNTAX",
        "A file is not TOML\n\n\
         The caret stands where the parser stumbled (TOML 1.1, https://toml.io/). A frequent cause \
         is a missing quote one line above.",
    ),
    (
        "M-UNKNOWN-KIND",
        "There is no such kind of table\n\n\
         The first word of a header is the kind: `[host.edge-01]` is the host `edge-01`. \
         docs/reference.md lists all kinds.",
    ),
    (
        "M-UNKNOWN-KEY",
        "A table has a key that nobody reads\n\n\
         A misspelt key would be silently ignored, and what you meant would not happen; so it is an \
         error. docs/reference.md lists the keys of every kind.",
    ),
    (
        "M-MISSING-KEY",
        "A table lacks a key that it needs\n\n\
         The hint says which and of what form.",
    ),
    (
        "M-SECRET",
        "A secret stands where its name belongs\n\n\
         Secrets are never written in the declared network: a key such as `password4` holds the name \
         under which the secret is kept, such as `pass:infra/bgp/verixi`. What stands there may be the \
         secret itself, so the line is not shown. If it was one and the file was shared, change it.",
    ),
    (
        "M-VALUE",
        "A value is not of the form that its key needs\n\n\
         The message says what was expected. Values are checked where they are read, so that no \
         later stage meets a prefix with host bits or a port 0.",
    ),
    (
        "M-REFERENCE",
        "A name refers to nothing\n\n\
         References are by name and are resolved over all files of the directory, in any order. \
         Usually it is a typing error, or the object was renamed in one place only.",
    ),
    (
        "M-TWICE",
        "One thing is declared twice\n\n\
         All files below the directory are one document: two files cannot both say what \
         `host.edge-01` is.",
    ),
    (
        "M-NAME",
        "A name has characters that do not fit everywhere\n\n\
         Names become host names, file names, labels of metrics and names in daemons' \
         configurations: lower-case letters, digits and `-`, at most 40. Interfaces have the \
         kernel's limit of 15.",
    ),
    (
        "M-MANY",
        "There are more findings than are kept\n\n\
         20,000 findings are kept so that memory stays bounded; further ones are counted.",
    ),
];
