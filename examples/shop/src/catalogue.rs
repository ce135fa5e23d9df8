//! What the shop sells.

/// Something to buy.
#[derive(Debug, PartialEq, Eq)]
pub struct Item {
    /// The name in forms and orders.
    pub id: &'static str,
    /// The name on pages.
    pub name: &'static str,
    /// The price of one piece, in cents.
    pub cents: u32,
}

/// Everything there is, in the order of the page.
pub const ITEMS: &[Item] = &[
    Item {
        id: "tea",
        name: "Green tea, 100 g",
        cents: 450,
    },
    Item {
        id: "mug",
        name: "Enamel mug",
        cents: 1200,
    },
    Item {
        id: "kettle",
        name: "Copper kettle",
        cents: 3900,
    },
    Item {
        id: "grinder",
        name: "Coffee grinder",
        cents: 4900,
    },
];

/// Finds an item by its id.
pub fn find(id: &str) -> Option<&'static Item> {
    ITEMS.iter().find(|item| item.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_found_by_its_own_id() {
        for item in ITEMS {
            assert_eq!(find(item.id), Some(item));
        }
        assert_eq!(find("samovar"), None);
    }

    #[test]
    fn nothing_is_free() {
        assert!(ITEMS.iter().all(|item| item.cents > 0));
    }
}
