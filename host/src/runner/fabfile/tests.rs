#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::collections::VecDeque;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::*;

/// A server that answers what the test tells it to, in order, and remembers what it was asked.
#[derive(Default)]
struct Server {
    answers: Mutex<VecDeque<Result<Fetched, String>>>,
    asked: Mutex<Vec<Option<Validators>>>,
    /// Fetches wait here, where the test wants them to.
    gate: Option<Semaphore>,
    at_work: AtomicUsize,
}

impl Fetch for Server {
    fn fetch<'f>(&'f self, _: &'f FabfileUrl, have: Option<&'f Validators>) -> BoxFuture<'f, Result<Fetched, String>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(have.cloned());
            assert_eq!(self.at_work.fetch_add(1, Ordering::SeqCst), 0, "two fetches at once");
            if let Some(gate) = &self.gate {
                gate.acquire().await.unwrap().forget();
            }
            self.at_work.fetch_sub(1, Ordering::SeqCst);
            let answer = self.answers.lock().unwrap().pop_front();
            answer.unwrap_or_else(|| Err("it is not scripted".into()))
        })
    }
}

/// Whoever runs the host.
#[derive(Default)]
struct Owner {
    told: Mutex<Vec<String>>,
    deaf: std::sync::atomic::AtomicBool,
}

impl Notices for Owner {
    fn tell(&self, text: String) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            anyhow::ensure!(!self.deaf.load(Ordering::SeqCst), "the disk is full");
            self.told.lock().unwrap().push(text);
            Ok(())
        })
    }
}

/// A host with the fabfile of the namespace `ops`.
struct Host {
    home: TempDir,
    server: Arc<Server>,
    owner: Arc<Owner>,
    fabfiles: Fabfiles,
    url: FabfileUrl,
}

impl Host {
    fn new() -> Self {
        Self::with(Server::default())
    }

    fn with(server: Server) -> Self {
        let (server, owner) = (Arc::new(server), Arc::<Owner>::default());
        let home = tempfile::tempdir().unwrap();
        Self {
            fabfiles: Fabfiles::new(server.clone(), owner.clone(), home.path().join("cache/fabfiles")),
            home,
            server,
            owner,
            url: FabfileUrl::parse("https://example.com/fabfile.py?token=secret").unwrap(),
        }
    }

    fn answers(&self, answer: Result<Fetched, &str>) -> &Self {
        let answer = answer.map_err(str::to_owned);
        self.server.answers.lock().unwrap().push_back(answer);
        self
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("work/ops")
    }

    fn kept(&self) -> PathBuf {
        self.home.path().join("cache/fabfiles/ops")
    }

    async fn refresh(&self) -> Result<Ready, String> {
        self.fabfiles.refresh("ops", &self.url, &self.folder()).await
    }

    fn file(&self) -> String {
        fs::read_to_string(self.folder().join(FILE)).unwrap()
    }

    fn told(&self) -> Vec<String> {
        self.owner.told.lock().unwrap().clone()
    }

    fn asked(&self) -> Vec<Option<Validators>> {
        self.server.asked.lock().unwrap().clone()
    }
}

fn etag(etag: &str) -> Validators {
    Validators {
        etag: Some(etag.to_owned()),
        last_modified: None,
    }
}

fn new(content: impl Into<Vec<u8>>, tag: &str) -> Result<Fetched, &'static str> {
    Ok(Fetched::New {
        content: content.into(),
        validators: etag(tag),
    })
}

fn stale(why: &str) -> Result<Ready, String> {
    Ok(Ready::Stale(why.to_owned()))
}

#[tokio::test]
async fn it_is_asked_for_again_only_where_it_changed() {
    let host = Host::new();
    host.answers(new("a = 1", "1"))
        .answers(Ok(Fetched::Unchanged))
        .answers(new("a = 2", "2"));
    for content in ["a = 1", "a = 1", "a = 2"] {
        assert_eq!(host.refresh().await, Ok(Ready::Fresh));
        assert_eq!(host.file(), content);
    }
    assert_eq!(host.asked(), [None, Some(etag("1")), Some(etag("1"))]);
    assert!(host.told().is_empty());
}

#[tokio::test]
async fn the_last_copy_is_used_and_the_owner_told_once() {
    let host = Host::new();
    host.answers(new("a = 1", "1"));
    assert_eq!(host.refresh().await, Ok(Ready::Fresh));
    for _ in 0..3 {
        host.answers(Err("the server <is> down"));
        assert_eq!(host.refresh().await, stale("the server <is> down"));
    }
    // A restart forgets nothing.
    let again = Fabfiles::new(
        host.server.clone(),
        host.owner.clone(),
        host.home.path().join("cache/fabfiles"),
    );
    host.answers(Err("still down"));
    assert_eq!(
        again.refresh("ops", &host.url, &host.folder()).await,
        stale("still down")
    );
    assert_eq!(host.file(), "a = 1");
    host.answers(Ok(Fetched::Unchanged)).answers(Ok(Fetched::Unchanged));
    assert_eq!(host.refresh().await, Ok(Ready::Fresh));
    assert_eq!(host.refresh().await, Ok(Ready::Fresh));
    host.answers(Err("down once more"));
    assert_eq!(host.refresh().await, stale("down once more"));
    insta::assert_snapshot!(host.told().join("\n"), @"
    :warning: The fabfile of `ops` cannot be fetched from https://example.com/fabfile.py?…: the server &lt;is&gt; down. Its jobs run with the last copy that was fetched. This is said once; when it can be fetched again, that is said, too.
    The fabfile of `ops` can be fetched again.
    :warning: The fabfile of `ops` cannot be fetched from https://example.com/fabfile.py?…: down once more. Its jobs run with the last copy that was fetched. This is said once; when it can be fetched again, that is said, too.
    ");
}

#[tokio::test]
async fn where_there_never_was_one_no_job_starts() {
    let host = Host::new();
    host.answers(Err("the server answered with status 404 Not Found"))
        .answers(Err("again"));
    let why = host.refresh().await.unwrap_err();
    insta::assert_snapshot!(why, @"the namespace's fabfile cannot be fetched from https://example.com/fabfile.py?…: the server answered with status 404 Not Found; and there is no copy of it here. Check `fabfile` in namespace.toml and the server, and run it again");
    host.refresh().await.unwrap_err();
    insta::assert_snapshot!(host.told().join("\n"), @"
    :warning: The fabfile of `ops` cannot be fetched from https://example.com/fabfile.py?…: the server answered with status 404 Not Found. There is no copy of it here, so its jobs do not start. This is said once; when it can be fetched again, that is said, too.
    ");
    host.answers(new("a = 1", "1"));
    assert_eq!(host.refresh().await, Ok(Ready::Fresh));
    assert_eq!(host.told().len(), 2);
}

#[tokio::test]
async fn what_was_not_told_is_told_next_time() {
    let host = Host::new();
    host.owner.deaf.store(true, Ordering::SeqCst);
    host.answers(Err("down")).answers(Err("down"));
    host.refresh().await.unwrap_err();
    host.owner.deaf.store(false, Ordering::SeqCst);
    host.refresh().await.unwrap_err();
    assert_eq!(host.told().len(), 1);
}

#[tokio::test]
async fn what_is_no_fabfile_replaces_none() {
    let host = Host::new();
    host.answers(new("a = 1", "1"));
    host.refresh().await.unwrap();
    for (content, why) in [
        (b"\xff\xfe".to_vec(), "it is not UTF-8, so it is no Python"),
        (vec![b'#'; LONGEST + 1], "it is longer than 1 MiB"),
    ] {
        host.answers(new(content, "2"));
        assert_eq!(host.refresh().await, stale(why));
        assert_eq!(host.file(), "a = 1");
    }
    let files = |folder| fs::read_dir(folder).unwrap().count();
    assert_eq!(files(host.folder()), 1, "the file");
    assert_eq!(files(host.kept()), 2, "the file and what is remembered of it");
}

#[tokio::test]
async fn whatever_jobs_do_in_their_folder_the_last_copy_is_put_there() {
    let host = Host::new();
    host.answers(new("a = 1", "1"));
    host.refresh().await.unwrap();
    let file = host.folder().join(FILE);
    let elsewhere = host.home.path().join("elsewhere");
    fs::write(&elsewhere, "a = 1").unwrap();
    type Mischief<'m> = (&'m str, Box<dyn Fn() + 'm>);
    let mischief: [Mischief<'_>; 5] = [
        ("cleared", Box::new(|| fs::remove_dir_all(host.folder()).unwrap())),
        ("changed", Box::new(|| fs::write(&file, "a = 'mine'").unwrap())),
        (
            "huge",
            Box::new(|| File::create(&file).unwrap().set_len(1 << 40).unwrap()),
        ),
        (
            "a pipe",
            Box::new(|| {
                fs::remove_file(&file).unwrap();
                let mode = rustix::fs::Mode::RWXU;
                rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, mode, 0).unwrap();
            }),
        ),
        (
            "a link",
            Box::new(|| {
                fs::remove_file(&file).unwrap();
                std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
            }),
        ),
    ];
    for (what, happens) in mischief {
        happens();
        host.answers(Err("down"));
        assert_eq!(host.refresh().await, stale("down"), "{what}");
        assert_eq!(host.file(), "a = 1", "{what}");
        assert!(fs::symlink_metadata(&file).unwrap().is_file(), "{what}");
    }
    assert_eq!(host.told().len(), 1, "that it fails is known still");
    host.answers(Ok(Fetched::Unchanged));
    assert_eq!(host.refresh().await, Ok(Ready::Fresh));
    assert_eq!(host.asked().last(), Some(&Some(etag("1"))));
}

#[tokio::test]
async fn a_kept_copy_that_is_damaged_is_none() {
    let host = Host::new();
    host.answers(new("a = 1", "1"));
    host.refresh().await.unwrap();
    assert_eq!(fs::metadata(host.kept()).unwrap().permissions().mode() & 0o777, 0o700);
    fs::write(host.kept().join(FILE), "a =").unwrap();
    host.answers(Err("down"))
        .answers(Ok(Fetched::Unchanged))
        .answers(new("a = 1", "1"));
    host.refresh().await.unwrap_err();
    assert!(host.refresh().await.unwrap_err().contains("was not asked that"));
    assert_eq!(host.refresh().await, Ok(Ready::Fresh));
    assert_eq!(host.file(), "a = 1");
    assert_eq!(host.asked()[1..], [None, None, None]);
}

#[tokio::test]
async fn what_was_compiled_is_forgotten_and_what_cannot_be_stops_nobody() {
    let host = Host::new();
    host.answers(new("a = 1", "1")).answers(new("a = 2", "2"));
    host.refresh().await.unwrap();
    let compiled = host.folder().join("__pycache__");
    fs::create_dir_all(compiled.join("fabfile.folder")).unwrap();
    fs::write(compiled.join("fabfile.cpython-313.pyc"), "").unwrap();
    fs::write(compiled.join("other.cpython-313.pyc"), "").unwrap();
    assert_eq!(host.refresh().await, Ok(Ready::Fresh));
    let mut left: Vec<_> = fs::read_dir(compiled)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["fabfile.folder", "other.cpython-313.pyc"]);
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_file_is_told() {
    let host = Host::new();
    fs::create_dir_all(host.folder().join(FILE).join("full")).unwrap();
    host.answers(new("a = 1", "1"));
    let why = host.refresh().await.unwrap_err();
    assert!(
        why.starts_with("the namespace's fabfile cannot be put into the folder"),
        "{why}"
    );
}

#[tokio::test]
async fn a_copy_from_another_address_is_not_used_for_this_one() {
    let host = Host::new();
    host.answers(new("a = 1", "1")).answers(Err("down"));
    host.refresh().await.unwrap();
    let other = FabfileUrl::parse("https://example.com/other.py").unwrap();
    host.fabfiles.refresh("ops", &other, &host.folder()).await.unwrap_err();
    let remembered = fs::read_to_string(host.kept().join(STATE)).unwrap();
    assert!(!remembered.contains("secret"), "{remembered}");
}

#[tokio::test]
async fn a_server_that_is_slow_is_given_up() {
    let mut host = Host::with(Server {
        gate: Some(Semaphore::new(0)),
        ..Server::default()
    });
    host.fabfiles.patience = Duration::from_millis(20);
    let why = host.refresh().await.unwrap_err();
    assert!(why.contains("there was no whole answer within 20ms"), "{why}");
}

#[tokio::test]
async fn who_comes_meanwhile_shares_the_next_fetch() {
    let host = Arc::new(Host::with(Server {
        gate: Some(Semaphore::new(0)),
        ..Server::default()
    }));
    host.answers(new("a = 1", "1")).answers(new("a = 2", "2"));
    let run = || {
        let host = host.clone();
        tokio::spawn(async move { host.refresh().await })
    };
    let first = run();
    while host.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    // These came after the first was asked for: what it brings may be older than they are.
    let others: Vec<_> = (0..5).map(|_| run()).collect();
    tokio::task::yield_now().await;
    host.server.gate.as_ref().unwrap().add_permits(2);
    assert_eq!(first.await.unwrap(), Ok(Ready::Fresh));
    for other in others {
        assert_eq!(other.await.unwrap(), Ok(Ready::Fresh));
    }
    assert_eq!(host.asked().len(), 2);
    assert_eq!(host.file(), "a = 2");
}
