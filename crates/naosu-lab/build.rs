//! Embeds the scenarios again whenever one of their files changes, appears or goes.
fn main() {
    println!("cargo::rerun-if-changed=../../scenarios");
}
