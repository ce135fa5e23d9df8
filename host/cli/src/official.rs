//! The official plugins, inside the binary: part of the product, and trusted like it.

include!(concat!(env!("OUT_DIR"), "/official.rs"));

/// The component of an official plugin.
pub(crate) fn component(name: &str) -> Option<&'static [u8]> {
    PLUGINS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, bytes)| *bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_official_plugin_is_a_plugin() {
        assert!(!NAMES.is_empty());
        for name in NAMES {
            let bytes = component(name).expect(name);
            let inspection = runner_engine::plugin::PluginHost::inspect(name, bytes).expect(name);
            assert_eq!(inspection.manifest.name, *name);
        }
        assert_eq!(component("none"), None);
    }
}
