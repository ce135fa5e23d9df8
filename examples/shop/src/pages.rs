//! The pages as customers see them.

use crate::catalogue::ITEMS;
use crate::orders::Order;

const STYLE: &str = "body{font:17px/1.5 system-ui,sans-serif;max-width:38rem;margin:3rem auto;padding:0 1rem}\
                     td{padding:.2rem 1.5rem .2rem 0}footer{margin-top:3rem;color:#667}";

/// Renders the catalogue.
pub fn catalogue(version: &str) -> String {
    let mut rows = String::new();
    for item in ITEMS {
        rows += &format!("<tr><td>{}</td><td>{}</td></tr>\n", item.name, price(item.cents));
    }
    let body = format!(
        "<p lang=\"ru\">Добро пожаловать!</p>\n\
         <table>\n{rows}</table>\n<p><a href=\"/checkout\">To the checkout</a></p>"
    );
    page("The little shop", &body, version)
}

/// Renders the form of the checkout.
pub fn checkout(version: &str) -> String {
    let mut options = String::new();
    for item in ITEMS {
        options += &format!(
            "<option value=\"{}\">{}, {}</option>\n",
            item.id,
            item.name,
            price(item.cents)
        );
    }
    let body = format!(
        "<form method=\"post\" action=\"/checkout\">\n<select name=\"item\">\n{options}</select>\n\
         <input name=\"quantity\" type=\"number\" min=\"1\" max=\"100\" value=\"1\">\n\
         <button>Order</button>\n</form>"
    );
    page("Checkout", &body, version)
}

/// Renders the confirmation of an order.
pub fn receipt(order: &Order, version: &str) -> String {
    let Order {
        number,
        wish,
        total_cents,
    } = order;
    let body = format!(
        "<p>{} × {}: {}</p>",
        wish.quantity,
        wish.item.name,
        price(*total_cents)
    );
    page(&format!("Order {number} is placed"), &body, version)
}

/// Renders what went wrong.
pub fn problem(what: &str, version: &str) -> String {
    page(
        "That did not work",
        &format!(
            "<p>{}</p>\n<p><a href=\"/\">Back to the shop</a></p>",
            escaped(what)
        ),
        version,
    )
}

fn page(title: &str, body: &str, version: &str) -> String {
    let version = escaped(version);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n<h1>{title}</h1>\n{body}\n<footer>shop {version}</footer>\n</html>\n"
    )
}

fn price(cents: u32) -> String {
    format!("€{}.{:02}", cents / 100, cents % 100)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::Wish;

    #[test]
    fn the_catalogue_shows_every_item_with_its_price() {
        let page = catalogue("1.0.0");
        for item in ITEMS {
            assert!(page.contains(item.name), "{} is missing", item.name);
        }
        assert!(
            page.contains("<td>€4.50</td>") && page.contains("shop 1.0.0"),
            "{page}"
        );
    }

    #[test]
    fn the_catalogue_greets_in_russian() {
        assert!(catalogue("1.0.0").contains("Добро пожаловать!"));
    }

    #[test]
    fn the_form_offers_what_an_order_accepts() {
        let page = checkout("1.0.0");
        for item in ITEMS {
            assert!(page.contains(&format!("<option value=\"{}\">", item.id)));
            assert!(Wish::parse(&format!("item={}&quantity=100", item.id)).is_ok());
        }
    }

    #[test]
    fn a_receipt_tells_the_number_and_the_total() {
        let order = Order {
            number: 7,
            wish: Wish::parse("item=tea&quantity=2").unwrap(),
            total_cents: 900,
        };
        let page = receipt(&order, "1.0.0");
        assert!(
            page.contains("Order 7 is placed") && page.contains("2 × Green tea, 100 g: €9.00"),
            "{page}"
        );
    }

    #[test]
    fn text_from_outside_is_not_markup() {
        assert!(problem("<b>&", "\"1\"").contains("&lt;b>&amp;"));
    }
}
