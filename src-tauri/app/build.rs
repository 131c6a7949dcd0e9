//! Embeds ui/, the capabilities and the icons into the app.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const CAPABILITIES: &str = "src-tauri/app/capabilities/*.json";
    println!("cargo:rerun-if-changed=src-tauri/app/capabilities");
    println!("cargo:rerun-if-changed=ui");
    let attributes = tauri_build::Attributes::new().capabilities_path_pattern(CAPABILITIES);
    tauri_build::try_build(attributes)?;
    Ok(())
}
