//! Embeds the knowledge again whenever one of its files changes, appears or goes.
fn main() {
    println!("cargo::rerun-if-changed=../../knowledge");
}
