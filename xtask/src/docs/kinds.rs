//! Reads the vocabulary out of the model's sources: structs, what their `read` asks for, and words.
#![expect(clippy::wildcard_enum_match_arm, reason = "syn knows all of Rust; few forms matter here")]

use std::collections::BTreeMap;
use std::path::Path;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprMethodCall, File, ImplItem, Item, ItemEnum, ItemImpl, ItemStruct, Lit,
    Type,
};

/// Everything that the sources say, by the name of the type.
#[derive(Default)]
pub(super) struct Vocabulary {
    pub(super) tables: BTreeMap<String, Table>,
    /// What an enum's words are, and what each means.
    pub(super) words: BTreeMap<String, Vec<(String, String)>>,
    /// What a value's type expects, in words.
    pub(super) values: BTreeMap<String, String>,
    /// The struct of each kind.
    pub(super) kinds: BTreeMap<String, String>,
    variants: BTreeMap<String, BTreeMap<String, String>>,
}

/// One struct that is read from a table.
#[derive(Default)]
pub(super) struct Table {
    pub(super) doc: String,
    pub(super) fields: Vec<Field>,
    /// How each key is asked for: `get`, `or`, `need`, `need_or`, `list`, `some`, `tables`, …
    pub(super) asked: BTreeMap<String, String>,
}

pub(super) struct Field {
    pub(super) key: String,
    pub(super) doc: String,
    /// The type without `Option`, `Vec` and path: `Id<Site>` is `Id` of `Site`.
    pub(super) of: Vec<String>,
}

/// The vocabulary of the whole model.
pub(super) fn read(root: &Path) -> Result<Vocabulary, String> {
    let mut vocabulary = Vocabulary::default();
    let source = "crates/model/src";
    let mut paths = Vec::new();
    for folder in ["kinds", "value"] {
        let modules = super::read(root, &format!("{source}/{folder}/mod.rs"))?;
        let modules =
            modules.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
        paths.push(format!("{source}/{folder}/mod.rs"));
        paths.extend(modules.map(|name| format!("{source}/{folder}/{name}.rs")));
    }
    for path in paths {
        let file =
            syn::parse_file(&super::read(root, &path)?).map_err(|e| format!("{path}: {e}"))?;
        vocabulary.file(&file);
    }
    // Tables without a name are no `Kind`.
    vocabulary.kinds.insert("isp".to_owned(), "About".to_owned());
    vocabulary.kinds.insert("watch".to_owned(), "Watch".to_owned());
    Ok(vocabulary)
}

impl Vocabulary {
    fn file(&mut self, file: &File) {
        // Impls need the enums that may stand below them.
        for item in &file.items {
            match item {
                Item::Struct(item) => self.structure(item),
                Item::Enum(item) => self.enumeration(item),
                _ => {}
            }
        }
        for item in &file.items {
            if let Item::Impl(item) = item {
                self.implementation(item);
            }
        }
    }

    fn structure(&mut self, item: &ItemStruct) {
        let field = |field: &syn::Field| {
            let key = field.ident.as_ref()?.to_string();
            let mut of = Vec::new();
            names(&field.ty, &mut of);
            of.retain(|name| name != "Option" && name != "Vec");
            Some(Field { key, doc: doc(&field.attrs), of })
        };
        let table = self.tables.entry(item.ident.to_string()).or_default();
        table.doc = doc(&item.attrs);
        table.fields = item.fields.iter().filter_map(field).collect();
    }

    fn enumeration(&mut self, item: &ItemEnum) {
        let docs = item.variants.iter().map(|v| (v.ident.to_string(), doc(&v.attrs)));
        self.variants.insert(item.ident.to_string(), docs.collect());
    }

    fn implementation(&mut self, item: &ItemImpl) {
        let mut of = Vec::new();
        names(&item.self_ty, &mut of);
        let Some(name) = of.into_iter().next() else { return };
        let of = item.trait_.as_ref().and_then(|(path, _)| path.segments.last());
        let of = of.map(|segment| segment.ident.to_string()).unwrap_or_default();
        let mut found = Found::default();
        found.visit_item_impl(item);
        match of.as_str() {
            "Value" => drop(found.text.map(|text| self.values.insert(name, text))),
            "Word" => {
                let docs = self.variants.get(&name).cloned().unwrap_or_default();
                let meaning = |(word, variant): (String, String)| {
                    let means = docs.get(&variant).cloned().unwrap_or_default();
                    (word, means)
                };
                self.words.insert(name, found.words.into_iter().map(meaning).collect());
            }
            "Kind" | "" => {
                if let Some(kind) = kind(item) {
                    self.kinds.insert(kind, name.clone());
                }
                let table = self.tables.entry(name).or_default();
                table.asked.extend(found.asked);
                for field in &mut table.fields {
                    if let Some(read) = found.read_as.remove(&field.key) {
                        field.of = vec![read];
                    }
                }
            }
            _ => {}
        }
    }
}

/// The constant `KIND` of an impl.
fn kind(item: &ItemImpl) -> Option<String> {
    item.items.iter().find_map(|item| match item {
        ImplItem::Const(item) if item.ident == "KIND" => literal(&item.expr),
        _ => None,
    })
}

/// What an impl holds that matters here.
#[derive(Default)]
struct Found {
    asked: BTreeMap<String, String>,
    /// The type that a key is read as, where `read` says it: `fields.list::<Addresses>("source")`.
    read_as: BTreeMap<String, String>,
    words: Vec<(String, String)>,
    text: Option<String>,
}

impl<'ast> Visit<'ast> for Found {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let on_fields = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("fields"));
        if let (true, Some(key)) = (on_fields, call.args.first().and_then(literal)) {
            let mut of = Vec::new();
            for argument in call.turbofish.iter().flat_map(|turbofish| &turbofish.args) {
                if let syn::GenericArgument::Type(ty) = argument {
                    names(ty, &mut of);
                }
            }
            if let Some(read) = of.into_iter().next() {
                self.read_as.insert(key.clone(), read);
            }
            self.asked.insert(key, call.method.to_string());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_tuple(&mut self, tuple: &'ast syn::ExprTuple) {
        let mut parts = tuple.elems.iter();
        if let (Some(word), Some(Expr::Path(path))) = (parts.next().and_then(literal), parts.next())
            && let Some(variant) = path.path.segments.last()
        {
            self.words.push((word, variant.ident.to_string()));
        }
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {
        // Doc comments are attributes with text: they are read apart.
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.text.get_or_insert_with(|| text.value());
    }
}

/// The text of a string literal.
fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The names in a type, outside in.
fn names(ty: &Type, into: &mut Vec<String>) {
    let Type::Path(path) = ty else { return };
    let Some(last) = path.path.segments.last() else { return };
    into.push(last.ident.to_string());
    if let syn::PathArguments::AngleBracketed(inner) = &last.arguments {
        for argument in &inner.args {
            if let syn::GenericArgument::Type(ty) = argument {
                names(ty, into);
            }
        }
    }
}

/// A doc comment as text.
fn doc(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        syn::Meta::NameValue(meta) if meta.path.is_ident("doc") => literal(&meta.value),
        _ => None,
    };
    let lines: Vec<String> = attributes.iter().filter_map(line).collect();
    let strip = |line: &String| line.strip_prefix(' ').unwrap_or(line).to_owned();
    lines.iter().map(strip).collect::<Vec<_>>().join("\n")
}
