//! Prints a table as Slack blocks: of `name=value` arguments, or a small rota where there are none.

use std::env;

use innkeeper_guest::{Blocks, Refused, Table};

const ROTA: &[(&str, &str)] = &[
    ("Monday", "Ada"),
    ("Tuesday", "Bob"),
    ("Wednesday", "Ada"),
    ("Thursday", "Cora"),
    ("Friday", "Bob"),
];

fn main() -> Result<(), Refused> {
    message(env::args().skip(1)).print()
}

fn message(arguments: impl Iterator<Item = String>) -> Blocks {
    let rows: Vec<(String, String)> = arguments.map(row).collect();
    if rows.is_empty() {
        let rota = ROTA.iter().map(|&(day, name)| (day.to_owned(), name.to_owned()));
        return Blocks::new()
            .header("Support rota")
            .table(table(["Day", "On duty"], rota))
            .context(["Printed by `jobs/table`; give it `name=value` pairs to print something else"]);
    }
    Blocks::new().table(table(["Name", "Value"], rows.into_iter()))
}

/// `name=value`; what has no `=` is a name with nothing to say, and an empty cell is no cell to Slack.
fn row(argument: String) -> (String, String) {
    let (name, value) = argument.split_once('=').unwrap_or((&argument, ""));
    let shown = |text: &str| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text.to_owned()
        }
    };
    (shown(name), shown(value))
}

fn table(head: [&str; 2], rows: impl Iterator<Item = (String, String)>) -> Table {
    rows.fold(Table::new(head), |table, (name, value)| table.row([name, value]))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn printed(arguments: &[&str]) -> String {
        message(arguments.iter().map(ToString::to_string)).to_json().unwrap()
    }

    #[test]
    fn pairs_become_rows() {
        let json = printed(&["disk=93%", "load=0.4=low", "up", "=x"]);
        assert!(
            json.contains(r#"[{"type":"raw_text","text":"disk"},{"type":"raw_text","text":"93%"}]"#),
            "{json}"
        );
        assert!(json.contains(r#"{"type":"raw_text","text":"0.4=low"}"#), "{json}");
        assert!(
            json.contains(r#"[{"type":"raw_text","text":"up"},{"type":"raw_text","text":"-"}]"#),
            "{json}"
        );
        assert!(
            json.contains(r#"[{"type":"raw_text","text":"-"},{"type":"raw_text","text":"x"}]"#),
            "{json}"
        );
    }

    #[test]
    fn without_arguments_it_is_the_rota() {
        let json = printed(&[]);
        assert!(json.contains("Support rota") && json.contains("Cora"), "{json}");
    }
}
