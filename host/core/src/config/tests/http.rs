//! What is said of `http`: as a grant, as a need, of bash.

use super::World;

#[test]
fn entries_that_are_none() {
    let world = World::demo(
        "[namespaces.demo]\nhttp = [\"api.example.com\", \"*.example.com\", \"2130706433\"]\n",
        "[needs]\nhttp = [\"api.example.com/a/../b\"]\n",
    );
    insta::assert_snapshot!(world.check(), @r#"
error: bad host for HTTP `*.example.com`
 --> innkeeper.toml:2:28
  |
2 | http = ["api.example.com", "*.example.com", "2130706433"]
  |                            ^^^^^^^^^^^^^^^ not a host for HTTP
  |
  = help: there are no wildcards: every host is named; for example `api.example.com/v1` or `http://10.0.0.5:8080`

error: bad host for HTTP `2130706433`
 --> innkeeper.toml:2:45
  |
2 | http = ["api.example.com", "*.example.com", "2130706433"]
  |                                             ^^^^^^^^^^^^ not a host for HTTP
  |
  = help: an IPv4 address is four decimal numbers, such as 10.0.0.5; for example `api.example.com/v1` or `http://10.0.0.5:8080`

error: bad host for HTTP `api.example.com/a/../b`
 --> workspace/demo/namespace.toml:2:9
  |
2 | http = ["api.example.com/a/../b"]
  |         ^^^^^^^^^^^^^^^^^^^^^^^^ not a host for HTTP
  |
  = help: a path prefix has plain segments: no `%`, no `//`, no `..`; for example `api.example.com/v1` or `http://10.0.0.5:8080`
"#);
}

#[test]
fn needs_that_are_not_granted() {
    let world = World::demo(
        "[namespaces.demo]\nhttp = [\"api.example.com/v1\", \"b.example\"]\n",
        "[needs]\nhttp = [\"api.example.com/v1\", \"https://evil.example\"]\n[jobs.x]\ncomponent = \"x.wasm\"\n\
         [jobs.x.needs]\nhttp = [\"b.example\"]\n",
    )
    .file("workspace/demo/x.wasm", "component");
    insta::assert_snapshot!(world.check(), @r#"
error: need not granted: http `evil.example`
 --> workspace/demo/namespace.toml:2:8
  |
2 | http = ["api.example.com/v1", "https://evil.example"]
  |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ needed here
  |
 ::: innkeeper.toml:2:8
  |
2 | http = ["api.example.com/v1", "b.example"]
  |        ----------------------------------- all that is granted
  |
  = help: to grant it, let `[namespaces.demo]` in `innkeeper.toml` say
          http = ["api.example.com/v1", "b.example", "evil.example"]

error: the job needs more than its namespace: http `b.example`
 --> workspace/demo/namespace.toml:6:9
  |
2 | http = ["api.example.com/v1", "https://evil.example"]
  |        ---------------------------------------------- all that the namespace asks
...
6 | http = ["b.example"]
  |         ^^^^^^^^^^^ needed here
  |
  = help: add it to `http` in `[needs]`, which narrows what every job gets
"#);
}

#[test]
fn bash_is_not_held_to_it() {
    let world = World::demo(
        "[namespaces.demo]\ntrust = \"trusted\"\nhttp = [\"api.example.com\"]\n",
        "[jobs.x]\nrun_args_template = \"true\"\n[jobs.x.needs]\nhttp = []\n",
    );
    insta::assert_snapshot!(world.check(), @r#"
error: `http` means nothing to bash
 --> innkeeper.toml:3:1
  |
3 | http = ["api.example.com"]
  | ^^^^ every job of `demo` runs bash
  |
  = help: a bash job is trusted code and not kept from files, network or memory: remove it, or make the job a component

error: `http` means nothing to bash
 --> workspace/demo/namespace.toml:4:1
  |
4 | http = []
  | ^^^^ `x` runs bash
  |
  = help: a bash job is trusted code and not kept from files, network or memory: remove it, or make the job a component
"#);
}
