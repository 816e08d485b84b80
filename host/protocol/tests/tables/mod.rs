//! The tables of this crate's documents, and values held against them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The tables of one heading, by the first word of their head row.
pub type Tables = BTreeMap<String, Vec<Vec<String>>>;

/// A document: its tables by heading.
pub struct Document(pub BTreeMap<String, Tables>);

impl Document {
    pub fn read(text: &str) -> Self {
        let mut sections: BTreeMap<String, Tables> = BTreeMap::new();
        let mut heading = String::new();
        let mut table: Option<String> = None;
        for line in text.lines() {
            if let Some(text) = line.trim_start_matches('#').strip_prefix(' ')
                && line.starts_with('#')
            {
                text.clone_into(&mut heading);
                table = None;
            } else if let Some(row) = line.strip_prefix("| ") {
                let cells: Vec<String> = row
                    .trim_end_matches('|')
                    .split('|')
                    .map(|cell| cell.trim().trim_matches('`').to_owned())
                    .collect();
                let tables = sections.entry(heading.clone()).or_default();
                match &table {
                    None => {
                        tables.insert(cells[0].clone(), Vec::new());
                        table = Some(cells[0].clone());
                    }
                    Some(_) if cells[0].starts_with("---") => {}
                    Some(name) => tables.get_mut(name).unwrap().push(cells),
                }
            } else {
                table = None;
            }
        }
        Self(sections)
    }

    /// The rows of a table: the first cell, and the second.
    pub fn table(&self, section: &str, table: &str) -> BTreeMap<String, String> {
        let rows = self
            .0
            .get(section)
            .unwrap_or_else(|| panic!("no section {section}"))
            .get(table)
            .unwrap_or_else(|| panic!("no table {table} in {section}"));
        rows.iter()
            .map(|row| (row[0].clone(), row[1].clone()))
            .collect()
    }

    /// Every field of `value` is in the table with a type that fits, and no
    /// other is. Null fits only where the table allows it.
    pub fn holds(&self, section: &str, table: &str, value: &Value) {
        let table = self.table(section, table);
        let object = value.as_object().unwrap();
        let fields: BTreeSet<&String> = object.keys().collect();
        assert_eq!(fields, table.keys().collect(), "fields of {section}");
        for (name, kind) in table {
            let value = &object[&name];
            let fits = match kind.split(' ').next().unwrap() {
                "string" => value.is_string(),
                "integer" => value.is_u64() || value.is_i64(),
                "boolean" => value.is_boolean(),
                "object" => value.is_object(),
                "array" => value.is_array(),
                other => panic!("{section}: unknown type {other}"),
            };
            assert!(
                fits || kind.ends_with("or null") && value.is_null(),
                "{section}.{name} is {value}, the document says {kind}"
            );
        }
    }
}
