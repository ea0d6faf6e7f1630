//! Templates: built into the binary, and replaceable one by one from the ISP's directory.

use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A built-in template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// `component/file`, such as `bird/bird.conf`; the operator replaces it by
    /// `templates/bird/bird.conf.j2` in the ISP's directory.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// A template that the operator wrote and that does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// `component/file`.
    pub name: String,
    /// The line in it, from 1, where that is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub says: String,
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "templates/{}.j2:{line}: {}", self.name, self.says),
            None => write!(f, "templates/{}.j2: {}", self.name, self.says),
        }
    }
}

impl std::error::Error for TemplateError {}

/// What one rendering of all hosts has in common: every template, parsed once, and what components find out
/// for all hosts.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    found: Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Templates {
    /// Takes the built-in templates and those that the operator replaced, by `component/file`.
    ///
    /// # Errors
    /// A replacement that does not parse, or that replaces nothing.
    pub fn new(
        builtin: impl IntoIterator<Item = Template>,
        replaced: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // A line that holds only a tag leaves no empty line behind.
        let mut syntax = environment.syntax().to_builder();
        let syntax =
            syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        environment.set_syntax(syntax.map_err(|error| explain("syntax", &error))?);
        // Configuration files are not HTML: nothing is escaped.
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let mut unused = replaced.clone();
        let mut names = Vec::new();
        for template in builtin {
            names.push(template.name);
            let text = unused.remove(template.name).unwrap_or_else(|| template.text.to_owned());
            environment
                .add_template_owned(template.name.to_owned(), text)
                .map_err(|error| explain(template.name, &error))?;
        }
        match unused.into_keys().next() {
            None => Ok(Self { environment, found: Mutex::default() }),
            Some(name) => {
                let near = model::value::nearest(&name, names);
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                let says = format!("there is no built-in template of this name to replace{near}");
                Err(TemplateError { name, line: None, says })
            }
        }
    }

    /// What is the same for all hosts of this rendering, known by its type: found out when the first of them
    /// asks. What takes a look at every host would otherwise be done as often as there are hosts.
    pub fn once<T: Any + Send + Sync>(&self, find: impl FnOnce() -> T) -> Arc<T> {
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(known)) = all.get(&TypeId::of::<T>()).cloned().map(Arc::downcast::<T>) {
            return known;
        }
        let found = Arc::new(find());
        all.insert(TypeId::of::<T>(), Arc::<T>::clone(&found));
        found
    }

    /// Renders one template with what a component found out.
    ///
    /// # Errors
    /// A replaced template that asks for something that is not there.
    pub fn render(&self, name: &str, context: &impl Serialize) -> Result<String, TemplateError> {
        let template =
            self.environment.get_template(name).map_err(|error| explain(name, &error))?;
        template.render(minijinja::value::Serde(context)).map_err(|error| explain(name, &error))
    }
}

fn explain(name: &str, error: &minijinja::Error) -> TemplateError {
    TemplateError { name: name.to_owned(), line: error.line(), says: format!("{error:#}") }
}

#[cfg(test)]
mod tests {
    use super::Templates;
    use std::collections::BTreeMap;

    #[test]
    fn what_all_hosts_share_is_found_out_once() {
        let templates = Templates::new([], &BTreeMap::new()).expect("there are none");
        let mut times = 0;
        for _ in 0..3 {
            let found = templates.once(|| {
                times += 1;
                vec![times]
            });
            assert_eq!(*found, [1]);
        }
        assert_eq!(*templates.once(|| "another type"), "another type");
        assert_eq!(times, 1);
    }
}
