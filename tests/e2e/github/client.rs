//! GitHub's own sample payloads, signed by GitHub's own library.

mod needs_octokit {
    use std::fmt::Write as _;
    use std::time::Duration;

    use innkeeper_tests::host::GITHUB_SECRET;
    use innkeeper_tests::{Host, guests, within_time};
    use serde_json::Value;
    use tokio::process::Command;

    /// Longer than it takes on a busy machine; the whole of it is some thousand requests.
    const LONGEST: Duration = Duration::from_secs(120);

    async fn client(arguments: &[&str]) -> Vec<String> {
        let mut node = Command::new("node");
        node.arg("client.mjs")
            .args(arguments)
            .current_dir(guests::tool("octokit"))
            .kill_on_drop(true);
        let output = within_time(LONGEST, "the client to end", node.output()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    #[tokio::test]
    async fn every_sample_of_github_is_answered_as_it_should_be() {
        let mut namespace = "[jobs.note]\nrun_args_template = 'echo {who}'\nreport_success = false\n".to_owned();
        for event in client(&["events"]).await {
            let _ = write!(
                namespace,
                "[[github]]\nevent = '{event}'\njob_type = 'note'\nargs = {{ who = '/sender/login' }}\n"
            );
        }
        let inn = Host::setup().trusted("shop", &namespace).start().await;
        let url = format!("{}/github/shop/", inn.url());
        let lines = client(&["post", &url, GITHUB_SECRET]).await;
        assert!(lines.len() > 100, "only {} samples", lines.len());
        let mut accepted = 0;
        for line in &lines {
            let answers: Value = serde_json::from_str(line).unwrap();
            let (first, again) = match (answers["event"].as_str(), answers["sender"].as_bool()) {
                (Some("ping"), _) => (200, 200),
                (_, Some(true)) => (202, 200),
                // What the rule takes its argument from is not there.
                _ => (422, 422),
            };
            let expected = [first, again, first, 403];
            let got = ["json", "again", "form", "forged"].map(|key| answers[key].as_u64().unwrap());
            assert_eq!(got, expected, "{line}");
            accepted += u32::from(first == 202);
        }
        assert!(accepted > 100, "only {accepted} were accepted");
        let log = inn.log_text();
        assert!(!log.contains("panic") && !log.contains("\"ERROR\""), "{log}");
        assert!(inn.cli(&["status"]).await.code == 0, "it still answers");
    }
}
