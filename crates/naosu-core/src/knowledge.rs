//! What we believe: data files in `knowledge/`, embedded when built, replaceable at run time.

/// The embedded knowledge: pairs of path (relative to `knowledge/`, with `/`) and text.
pub fn embedded() -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(&EMBEDDED, &mut files);
    files.sort();
    files
}

fn collect(dir: &include_dir::Dir<'_>, files: &mut Vec<(String, String)>) {
    for file in dir.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if let Some(text) = file.contents_utf8() {
            files.push((path, text.to_owned()));
        }
    }
    for inner in dir.dirs() {
        collect(inner, files);
    }
}

static EMBEDDED: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../../knowledge");
