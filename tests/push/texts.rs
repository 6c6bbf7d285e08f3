//! The texts that name code: each file, link and function in them exists, and the example is as short as they say.
//! A test fails here after a rename: name the new file or function in the text.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::program::{self, LIMIT, Program};
use push_service_fixture::PushService;

/// The texts whose names are checked.
const TEXTS: [&str; 8] = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/article.md",
    "docs/design.md",
    "docs/notify.md",
    "docs/phone.md",
    "docs/troubleshooting.md",
];
/// How a path in a text begins, from the repository's root.
const FOLDERS: [&str; 6] = ["src/", "www/", "examples/", "docs/", "tests/", "push-service/"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What stands between backquotes.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The targets of Markdown links to files beside `text`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://"))
}

fn is_path(span: &str) -> bool {
    FOLDERS.iter().any(|folder| span.starts_with(folder)) && !span.contains(' ')
}

/// Whether the Rust or JavaScript `source` defines a function `name`.
fn defines(source: &str, name: &str) -> bool {
    let forms = [format!("fn {name}("), format!("fn {name}<"), format!("const {name} = "), format!("function {name}(")];
    forms.iter().any(|form| source.contains(form))
}

fn source(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// What `text`, which stands in `folder`, names and does not exist: files, links, and functions right behind a file.
fn missing(text: &str, folder: &Path) -> Vec<String> {
    let mut missing = Vec::new();
    for line in text.lines() {
        let linked = links(line).map(|target| (target, folder.join(target)));
        let named = code_spans(line).filter(|span| is_path(span)).map(|span| (span, root().join(span)));
        missing.extend(linked.chain(named).filter(|(_, path)| !path.exists()).map(|(name, _)| name.to_owned()));
        let spans: Vec<&str> = code_spans(line).collect();
        for pair in spans.windows(2) {
            let (Some(name), true) = (pair[1].strip_suffix("()"), is_path(pair[0])) else { continue };
            if !defines(&source(pair[0]), name) {
                missing.push(format!("{name}() in {}", pair[0]));
            }
        }
    }
    missing
}

/// The second cell of each row of tables with a column "Here": files, and behind each file functions `name()` in it.
fn rows(text: &str) -> Vec<&str> {
    let mut rows = Vec::new();
    let mut here = false;
    for line in text.lines() {
        let cell = line.split('|').nth(2).map(str::trim);
        match cell {
            None => here = false,
            Some("Here") => here = true,
            Some(cell) if here && !cell.starts_with("---") => rows.push(cell),
            Some(_) => {}
        }
    }
    rows
}

/// What is wrong with the second cell of one row.
fn wrong(cell: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut file = None;
    for span in code_spans(cell) {
        if is_path(span) {
            file = Some(span);
        } else if let Some(name) = span.strip_suffix("()") {
            match file {
                Some(path) if defines(&source(path), name) => {}
                Some(path) => wrong.push(format!("{name}() is not in {path}")),
                None => wrong.push(format!("{name}() has no file before it")),
            }
        } else {
            wrong.push(format!("`{span}` is neither a file nor a function"));
        }
    }
    if file.is_none() {
        wrong.push(format!("no file in \"{cell}\""));
    }
    wrong
}

#[test]
fn each_file_link_and_function_that_the_texts_name_exists() {
    for name in TEXTS {
        let text = fs::read_to_string(root().join(name)).unwrap();
        let folder = root().join(name);
        assert_eq!(missing(&text, folder.parent().unwrap()), [""; 0], "{name}");
    }
    let article = fs::read_to_string(root().join("docs/article.md")).unwrap();
    let rows = rows(&article);
    assert!(rows.len() > 35, "the article's and the codelab's tables have {} rows", rows.len());
    let wrong: Vec<String> = rows.iter().flat_map(|cell| wrong(cell)).collect();
    assert_eq!(wrong, [""; 0]);
}

/// The options in the commands of `text` that run `program`, which its `--help` does not know.
fn unknown_options<'t>(text: &'t str, program: &str, help: &str) -> Vec<&'t str> {
    let command = format!("cargo run --bin {program} -- ");
    let commands = text.split(&command).skip(1).filter_map(|rest| rest.split(['`', '\n']).next());
    let options = commands.flat_map(str::split_whitespace).filter(|word| word.starts_with("--"));
    options.filter(|option| !help.split([' ', ',', '\n']).any(|word| word == *option)).collect()
}

#[test]
fn each_option_that_the_texts_name_in_a_command_exists() {
    for (program, binary) in [("server", env!("CARGO_BIN_EXE_server")), ("notify", env!("CARGO_BIN_EXE_notify"))] {
        let help = Command::new(binary).arg("--help").output().unwrap().stdout;
        let help = String::from_utf8(help).unwrap();
        for name in TEXTS {
            let text = fs::read_to_string(root().join(name)).unwrap();
            assert_eq!(unknown_options(&text, program, &help), [""; 0], "{name}");
        }
        let text = format!("`cargo run --bin {program} -- --data-dir x --gone` and --elsewhere");
        assert_eq!(unknown_options(&text, program, &help), ["--gone"]);
    }
}

/// The commands with curl in console blocks, those of each block joined: a later one may use what an earlier one set.
fn curl_scripts(text: &str) -> Vec<String> {
    let blocks = text.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let commands =
        |block: &str| block.lines().filter_map(|line| line.strip_prefix("$ ")).collect::<Vec<_>>().join("\n");
    blocks.map(commands).filter(|script| script.contains("curl ")).collect()
}

#[test]
fn the_articles_curl_commands_subscribe_and_notify() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must have curl");
        println!("skipped: curl is not installed");
        return;
    }
    let (folder, push_service) = (tempfile::tempdir().unwrap(), PushService::start());
    let server = program::server(folder.path()).args(["--allow-push-service", push_service.origin()]).spawn();
    let text = fs::read_to_string(root().join("docs/article.md")).unwrap();
    let text = text.replace("http://localhost:4480", &server.url("http"));
    let scripts = curl_scripts(&text.replace("http://localhost:8082", push_service.origin()));
    let [notify_all, subscribe] = scripts.as_slice() else { panic!("{scripts:#?}") };
    let run = |script: &String| Program::new("sh", folder.path()).args(["-c", script]).run().stdout;
    let subscribed = run(subscribe);
    assert!(subscribed.starts_with("{\"push\":{\"accepted\":true,"), "{subscribed}");
    let notified = run(notify_all);
    assert!(notified.contains("\"accepted\":"), "{notified}");
    let received = push_service.wait_for(2, LIMIT);
    assert_eq!((&received[1].json()["title"], &received[1].json()["body"]), (&json!("Hello"), &json!("from curl")));
}

#[test]
fn the_check_of_the_texts_notices_each_name_that_does_not_exist() {
    let text = "see `src/gone.rs` and [this](gone.md#part), not `gone/x.rs` or [that](https://example.com/gone.md)";
    assert_eq!(missing(text, &root().join("docs")), ["gone.md", "src/gone.rs"]);
    let table = "| Part | Here |\n|---|---|\n| a | `src/lib.rs` |\n\n| b | `not/here` |\n";
    assert_eq!(rows(table), ["`src/lib.rs`"]);
    assert_eq!(wrong("`src/push/subscription.rs` `from_json()`"), [""; 0]);
    let text = "see `src/lib.rs` `gone()` and `src/push/subscription.rs` `from_json()`, then `subscribe()`";
    assert_eq!(missing(text, &root().join("docs")), ["gone() in src/lib.rs"]);
    assert_eq!(wrong("`src/lib.rs` `gone()`"), ["gone() is not in src/lib.rs"]);
    assert_eq!(wrong("`from_json()`"), ["from_json() has no file before it", "no file in \"`from_json()`\""]);
    assert_eq!(wrong("`src/lib.rs` `lib`"), ["`lib` is neither a file nor a function"]);
}

#[test]
fn the_barebones_example_is_as_short_as_the_texts_say() {
    let lines = |name| fs::read_to_string(root().join("examples/barebones").join(name)).unwrap().lines().count();
    assert!(lines("main.rs") <= 120);
    assert!(lines("index.html") + lines("sw.js") <= 45);
}
