"""What a book is, and the books that a new shop begins with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Book:
    """A book of the shop. `date_added` is a unix timestamp, `price` is in cents."""

    isbn: str
    title: str
    author: str
    description: str
    subtitle: str = ""
    image: str = "covers/plain.svg"
    date_released: str = ""
    date_added: int = 0
    price: int = 2000
    stock: int = 10


FIRST_BOOKS = (
    Book(
        isbn="978-0-00-000001-0",
        title="A Field Guide to Waiting Rooms",
        subtitle="With 40 plates, and a chapter on plants",
        author="Edda Lorenz",
        image="covers/waiting.svg",
        date_released="March 2024",
        date_added=1_772_000_000,
        description=(
            "Some rooms are left as fast as possible; these are not. A patient naturalist "
            "describes the chairs, the magazines and the fish of forty waiting rooms, and "
            "those who wait there."
        ),
        price=2450,
        stock=7,
    ),
    Book(
        isbn="978-0-00-000002-7",
        title="Letters to a Lighthouse",
        author="Tomas Aguado",
        image="covers/lighthouse.svg",
        date_released="October 2019",
        date_added=1_773_400_000,
        description=(
            "For eleven years a boy writes to the light that he sees from his window. In the "
            "twelfth it answers. More about the author at www.example.com/aguado."
        ),
        price=1800,
        stock=10,
    ),
    Book(
        isbn="978-0-00-000003-4",
        title="The Asynchronous Kitchen",
        subtitle="Nine dishes at once, and none of them burnt",
        author="Noor Haddad",
        image="covers/kitchen.svg",
        date_released="June 2025",
        date_added=1_775_100_000,
        description=(
            "Water does not boil any faster when somebody watches it. A cook explains what to "
            "do in the meantime, in ninety recipes that are timed to the minute."
        ),
        price=3200,
        stock=1,
    ),
    Book(
        isbn="978-0-00-000004-1",
        title="Maps of Places That Moved",
        author="Ilse & Piet van Dam",
        image="covers/maps.svg",
        date_released="January 2023",
        date_added=1_776_000_000,
        description=(
            "Islands that were drawn where there is water, rivers that went elsewhere, and a "
            "village that was carried up a hill: an atlas of what was true for a while."
        ),
        price=4900,
        stock=4,
    ),
)
