//! A new job in `namespace.toml`, and a new plugin in `innkeeper.toml`: text after the text that is there, which stays as its author wrote it. Pure.

use super::templates::{JOB, PLUGIN, fill};

/// The file with the job in it.
///
/// # Errors
/// A sentence without a subject, to be said of the file: the job is there already, or the file cannot be added to.
pub(super) fn register(text: &str, job: &str) -> Result<String, String> {
    add(text, ("job", "jobs", job), &fill(JOB, job), "`jobs` or `slack`")
}

/// `innkeeper.toml` with the plugin in it, whose component is at this path.
///
/// # Errors
/// As [`register`].
pub(super) fn register_plugin(text: &str, plugin: &str, component: &str) -> Result<String, String> {
    let addition = fill(PLUGIN, plugin).replace("{{component}}", component);
    add(text, ("plugin", "plugins", plugin), &addition, "`plugins`")
}

/// The file with this addition, of what is called `name` in `table`; `tables` are all that it adds to.
fn add(text: &str, (what, table, name): (&str, &str, &str), addition: &str, tables: &str) -> Result<String, String> {
    let there = parse(text).map_err(|why| format!("is not TOML; mend it first: {why}"))?;
    if there
        .get(table)
        .is_some_and(|of_its_kind| of_its_kind.get(name).is_some())
    {
        return Err(format!("has a {what} `{name}` already; choose another name"));
    }
    let joint = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let whole = format!("{text}{joint}{addition}");
    // Tables that were written inline cannot be added to from outside.
    match parse(&whole) {
        Ok(_) => Ok(whole),
        Err(_) => Err(format!(
            "has {tables} in a form that cannot be added to; write this into it yourself:\n{addition}"
        )),
    }
}

fn parse(text: &str) -> Result<toml::Table, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    #[test]
    fn a_plugin_goes_after_what_is_there_and_there_once() {
        let whole = register_plugin("workspace = 'w' # ours", "pager", "w/jobs/pager.wasm").unwrap();
        assert!(
            whole.starts_with("workspace = 'w' # ours\n\n[plugins.pager]\n"),
            "{whole}"
        );
        assert!(whole.contains("component = \"w/jobs/pager.wasm\""), "{whole}");
        let again = register_plugin(&whole, "pager", "x.wasm").unwrap_err();
        assert_eq!(again, "has a plugin `pager` already; choose another name");
        assert!(register_plugin("plugins = {}", "pager", "x.wasm").is_err());
    }

    #[test]
    fn a_job_goes_after_what_is_there() {
        let text = "description = 'Ours'   # a comment\n\n[jobs.old] # another\nrun_args_template = \"echo\"";
        insta::assert_snapshot!(register(text, "hello_to").unwrap(), @r#"
        description = 'Ours'   # a comment

        [jobs.old] # another
        run_args_template = "echo"

        [jobs.hello_to]
        component = "hello_to.wasm"     # `innkeeper build` makes it of src/hello_to/
        run_args_template = "{name}"    # its arguments, as words; no shell
        report_stdout = true

        [[slack]]
        command = "hello to [name]"
        help = "Says hello to [name]"
        action = "schedule_job"
        job_type = "hello_to"
        "#);
    }

    #[test]
    fn two_jobs_can_follow_one_another() {
        let one = register("", "one").unwrap();
        let two = register(&one, "two").unwrap();
        assert!(two.starts_with(&one));
        assert_eq!(parse(&two).unwrap()["jobs"].as_table().unwrap().len(), 2);
    }

    #[test]
    fn what_cannot_be_added_to_is_left_alone() {
        insta::assert_snapshot!(register("[jobs.hello]\n", "hello").unwrap_err(), @"has a job `hello` already; choose another name");
        insta::assert_snapshot!(register("jobs = [", "hello").unwrap_err().split(':').next().unwrap(), @"is not TOML; mend it first");
        let inline = register("jobs = { a = { component = 'a.wasm' } }\n", "hello").unwrap_err();
        assert!(inline.starts_with("has `jobs` or `slack` in a form"), "{inline}");
        assert!(inline.contains("[jobs.hello]"), "{inline}");
    }
}
