//! A report format: CSV or JSON lines become a table in Slack. What is too large for one becomes a file.
//!
//! ```toml
//! [jobs.rota]
//! run_args_template = "cat rota.csv"
//! report_stdout = true
//! report_format = { component = "csv-table.wasm" }
//! ```

mod rows;
mod shape;

use innkeeper_guest::{
    Align, Blocks, Context as _, Ending, File, Finished, Message, Post, Result, Table, report_format,
};

use rows::{Kind, Rows};

/// An empty cell: Slack refuses one without text.
const EMPTY: &str = "–";

#[report_format]
fn format(run: Finished) -> Result<Message> {
    let text = run.text();
    let rows = rows::read(&text, run.outcome.stdout.lost > 0)?;
    drop(text);
    let size = rows.size();
    match rows.too_large() {
        Some(why) => Ok(Message::File(file(run, &rows, &[size, why]))),
        None => Ok(Message::Post(post(&run, &rows, size)?)),
    }
}

fn post(run: &Finished, rows: &Rows, size: String) -> Result<Post> {
    let notification = format!("{}: {size}", name(run));
    let small = footnote(run, &[size]);
    if rows.rows.is_empty() && rows.head.is_empty() {
        return Ok(Post::text(format!("`{}` wrote nothing: {small}", name(run))));
    }
    let shown = |cell: &String| {
        if cell.trim().is_empty() {
            EMPTY.to_owned()
        } else {
            cell.clone()
        }
    };
    let table = Table::new(rows.head.iter().map(shown));
    let table = rows
        .rows
        .iter()
        .fold(table, |table, row| table.row(row.iter().map(shown)))
        .align((0..rows.head.len()).map(|column| align(rows, column)));
    let post = Blocks::new().table(table).context([small]).post();
    Ok(post
        .context("the table is not one that Slack takes")?
        .notification(notification))
}

fn file(run: Finished, rows: &Rows, comment: &[String]) -> File {
    let extension = match rows.kind {
        Kind::Csv => "csv",
        Kind::JsonLines => "jsonl",
        Kind::Json => "json",
    };
    let comment = footnote(&run, comment);
    File::new(format!("{}-{}.{extension}", name(&run), run.run), run.stdout).comment(comment)
}

/// The job's full name. Both parts are letters, digits and dashes: nothing that Slack would read as markup.
fn name(run: &Finished) -> String {
    format!("{}_{}", run.namespace, run.job)
}

/// How much it is, and what is wrong with it: sentences without their full stops.
fn footnote(run: &Finished, sentences: &[String]) -> String {
    let mut sentences = sentences.to_vec();
    if run.outcome.stdout.lost > 0 {
        sentences.push(format!(
            "The output was cut: {} bytes are lost",
            run.outcome.stdout.lost
        ));
    }
    match &run.outcome.ending {
        Ending::Exited(0) => {}
        Ending::Exited(code) => sentences.push(format!("The job failed: exit code {code}")),
        Ending::Signalled(signal) => sentences.push(format!("The job failed: signal {signal}")),
        Ending::Failed(_)
        | Ending::TimedOut(_)
        | Ending::LimitReached(_)
        | Ending::Trapped(_)
        | Ending::NotStarted(_)
        | Ending::Interrupted => sentences.push("The job did not end by itself".to_owned()),
    }
    sentences.join(". ")
}

/// Numbers stand on the right.
fn align(rows: &Rows, column: usize) -> Align {
    let mut cells = rows
        .rows
        .iter()
        .filter_map(|row| row.get(column))
        .map(|cell| cell.trim().trim_end_matches('%'))
        .filter(|cell| !cell.is_empty())
        .peekable();
    if cells.peek().is_some() && cells.all(|cell| cell.parse::<f64>().is_ok()) {
        Align::Right
    } else {
        Align::Left
    }
}

#[cfg(test)]
mod tests;
