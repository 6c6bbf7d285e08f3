//! The folders' rule: what each folder of `src/` may use (`src/lib.rs` has the table). Edit it together with that table.

use std::fs;
use std::path::Path;

const MAY_USE: [(&str, &[&str]); 5] = [
    ("push", &[]),
    ("store", &["push"]),
    ("http", &["store"]),
    ("web", &["push", "store", "http"]),
    ("cli", &["push", "store"]),
];

fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![fs::read_to_string(path).unwrap()] })
        .collect()
}

#[test]
fn each_folder_uses_only_the_folders_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (folder, allowed) in MAY_USE {
        let text = sources(&src.join(folder)).concat();
        let used = text
            .split("crate::")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next());
        let forbidden: Vec<_> = used
            .filter(|name| MAY_USE.iter().any(|(other, _)| other == name) && *name != folder && !allowed.contains(name))
            .collect();
        assert_eq!(forbidden, [""; 0], "src/{folder} may use {allowed:?}");
    }
}
