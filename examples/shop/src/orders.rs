//! Orders: reads the checkout form, computes the total, and keeps each order as a line of a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::catalogue::{self, Item};

/// The most pieces in one order.
const MAX_QUANTITY: u32 = 100;

/// What a customer asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Wish {
    /// The item, which is in the catalogue.
    pub item: &'static Item,
    /// How many pieces, 1 to 100.
    pub quantity: u32,
}

impl Wish {
    /// Reads a form such as `item=mug&quantity=2`; one piece if it says nothing else.
    ///
    /// Fails, with a message for the customer, on an unknown item or an impossible quantity.
    pub fn parse(form: &str) -> Result<Self, String> {
        let field = |name| {
            form.split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
        };
        let (_, id) = field("item").ok_or("please choose an item")?;
        let item = catalogue::find(id).ok_or("there is no such item")?;
        let (_, quantity) = field("quantity").unwrap_or(("quantity", "1"));
        match quantity.parse() {
            Ok(quantity @ 1..=MAX_QUANTITY) => Ok(Self { item, quantity }),
            _ => Err(format!("please order 1 to {MAX_QUANTITY} pieces")),
        }
    }
}

/// An order that was placed.
#[derive(Debug, PartialEq, Eq)]
pub struct Order {
    /// Its number; numbers rise and are never used twice, but one may be missing.
    pub number: u64,
    /// What was ordered.
    pub wish: Wish,
    /// What is to be paid, in cents.
    pub total_cents: u32,
}

/// The order book, `orders.jsonl` in the data folder.
pub struct Orders {
    path: PathBuf,
    file: Mutex<File>,
    next: AtomicU64,
}

impl Orders {
    /// Opens the book in `folder` and goes on after the last order in it; makes both if need be.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join("orders.jsonl");
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let last = fs::read_to_string(&path)?.lines().filter_map(number).max();
        Ok(Self {
            path,
            file: Mutex::new(file),
            next: AtomicU64::new(last.unwrap_or(0) + 1),
        })
    }

    /// Places an order: when it returns, the order is in the file.
    pub fn place(&self, wish: Wish) -> io::Result<Order> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let total_cents = wish.item.cents * wish.quantity;
        let order = Order {
            number,
            wish,
            total_cents,
        };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line(&order).as_bytes())?;
        Ok(order)
    }

    /// Tells whether the book is still where it was opened.
    pub fn is_there(&self) -> bool {
        self.path.is_file()
    }
}

/// Renders an order as a line of the book.
fn line(order: &Order) -> String {
    let placed_at = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let Order {
        number,
        wish: Wish { item, quantity },
        total_cents,
    } = order;
    let id = item.id;
    format!(
        "{{\"number\":{number},\"item\":\"{id}\",\"quantity\":{quantity},\
         \"total_cents\":{total_cents},\"placed_at\":{placed_at}}}\n"
    )
}

/// Reads the number of an order from its line.
fn number(line: &str) -> Option<u64> {
    line.strip_prefix("{\"number\":")?.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for one test, empty at the start.
    fn folder(test: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("shop-orders-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn a_form_names_an_item_and_a_quantity() {
        let wish = Wish::parse("quantity=3&item=mug").unwrap();
        assert_eq!((wish.item.id, wish.quantity), ("mug", 3));
        assert_eq!(Wish::parse("item=tea").unwrap().quantity, 1);
    }

    #[test]
    fn a_form_that_makes_no_sense_is_explained() {
        assert_eq!(Wish::parse(""), Err("please choose an item".into()));
        assert_eq!(Wish::parse("item=samovar"), Err("there is no such item".into()));
        assert_eq!(
            Wish::parse("item=tea&quantity=two"),
            Err("please order 1 to 100 pieces".into())
        );
        assert_eq!(
            Wish::parse("item=tea&quantity=101"),
            Err("please order 1 to 100 pieces".into())
        );
    }

    #[test]
    fn an_order_of_nothing_is_refused() {
        assert_eq!(
            Wish::parse("item=tea&quantity=0"),
            Err("please order 1 to 100 pieces".into())
        );
    }

    #[test]
    fn an_order_is_a_line_of_the_book() {
        let folder = folder("line");
        let order = Orders::open(&folder)
            .unwrap()
            .place(Wish::parse("item=mug&quantity=2").unwrap())
            .unwrap();
        assert_eq!((order.number, order.total_cents), (1, 2400));
        let book = fs::read_to_string(folder.join("orders.jsonl")).unwrap();
        assert!(
            book.starts_with("{\"number\":1,\"item\":\"mug\",\"quantity\":2,\"total_cents\":2400,"),
            "{book}"
        );
        assert!(book.ends_with("}\n"), "{book}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn numbers_go_on_after_a_restart() {
        let folder = folder("restart");
        for expected in [1, 2, 3] {
            let order = Orders::open(&folder)
                .unwrap()
                .place(Wish::parse("item=tea").unwrap())
                .unwrap();
            assert_eq!(order.number, expected);
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn customers_at_once_get_lines_and_numbers_of_their_own() {
        let folder = folder("at-once");
        let orders = Orders::open(&folder).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| orders.place(Wish::parse("item=kettle").unwrap()).unwrap());
            }
        });
        let book = fs::read_to_string(folder.join("orders.jsonl")).unwrap();
        let mut numbers: Vec<_> = book.lines().map(|line| number(line).unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_book_that_was_taken_away_is_noticed() {
        let folder = folder("away");
        let orders = Orders::open(&folder).unwrap();
        assert!(orders.is_there());
        fs::remove_dir_all(folder).unwrap();
        assert!(!orders.is_there());
    }
}
