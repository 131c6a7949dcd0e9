//! Embeds ui/, the capabilities with their permissions, and the icons into the app.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const CAPABILITIES: &str = "src-tauri/app/capabilities/*.json";
    const PERMISSIONS: &str = "src-tauri/app/permissions/*.toml";
    println!("cargo:rerun-if-changed=src-tauri/app/capabilities");
    println!("cargo:rerun-if-changed=src-tauri/app/permissions");
    println!("cargo:rerun-if-changed=icons");
    println!("cargo:rerun-if-changed=ui");
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern(CAPABILITIES)
        .app_manifest(tauri_build::AppManifest::new().permissions_path_pattern(PERMISSIONS));
    tauri_build::try_build(attributes)?;
    Ok(())
}
