"""Sentences of our own by what they are: a request, a complaint, a fault report, or none of them. Nothing of it was taken from elsewhere.

Cues were adjusted on SEEN alone; HELD_BACK was written before that and not looked at while weighing. Both are small: they tell
whether the cues hold at all, no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Sentences = Mapping[str, Sequence[str]]

SEEN: Sentences = {
    "request": (
        "Please add a dark mode to the app", "It would be great if I could sort by price", "I wish there was a way to save my cart for later",
        "Could you add PayPal as a payment method?", "Feature request: export my orders as a spreadsheet", "An option to hide sold out items would be nice",
        "Would love to see a wish list that I can share", "Can you please support Apple Pay", "The only thing missing is a size filter",
        "You should offer gift wrapping", "Why is there no guest checkout?", "It'd be really helpful to have reminders before the sale starts",
        "Any plans to bring the shop to the iPad?", "We need a calendar view for deliveries", "Let us choose the delivery hour",
        "I'd like to suggest a comparison view for two products", "How about a loyalty programme?", "Hopefully the next update has an offline mode",
        "Please make the text larger on small screens", "There should be a button to reorder the same basket", "Add support for several addresses",
        "would use it more if it had a widget", "Please consider a student discount", "Is it possible to get notifications when something is back in stock in future?",
        "My suggestion: show the ingredients in the list",
    ),
    "complaint": (
        "This is the worst service I have ever had", "My parcel is still not here after three weeks, unacceptable", "The support was rude and unhelpful",
        "Far too expensive for such poor quality", "I want my money back", "Nobody answers the phone", "Delivery took two weeks, very disappointing",
        "The jacket arrived damaged and dirty", "You charged me twice, this is a joke", "What a waste of money", "I am cancelling my subscription, fed up",
        "Way too many emails from you, so annoying", "The packaging was torn and the food was cold", "I waited two hours for the driver",
        "Never again will I order here", "not happy with the colour, it looks cheap", "Terrible experience from start to end",
    ),
    "bug": (
        "The app crashes when I open the cart", "I get an error 500 at checkout", "The search does not work since the update", "The page stays blank after I log in",
        "My password reset link is broken, it shows a 404", "The total is wrong when I remove an item", "It freezes on the payment page",
        "The filter button doesn't respond", "It logs me out every time I open it", "Pictures do not load on my phone", "Checkout fails with my card, error message says unknown",
        "The coupon field stopped working yesterday", "There is a glitch in the order history", "The list shows the wrong date",
        "After the latest version the app hangs at the start screen", "Upload of my photo failed again", "Items disappear from the basket",
    ),
    "other": (
        "Where is my order?", "How do I change my password?", "What are your opening hours?", "Thanks, that was quick", "Which size fits a ten year old?",
        "I ordered the blue one on Monday", "Do you ship to Norway?", "How long is the warranty?", "Great shop, works well", "Is the coffee grinder in stock?",
        "I would like to return the shoes", "Please send me the invoice", "Can I pay on delivery?", "My order number is 4711", "Good morning",
        "Please let me know when it ships", "I want to change the delivery address",
    ),
}  # fmt: skip
HELD_BACK: Sentences = {
    "request": (
        "Please include a night theme", "I wish you had a way to pause my subscription", "it would be so much better if the search remembered my filters",
        "Can you guys add Google Pay please", "Would be cool to scan a barcode with the camera", "Suggestion: let customers leave photos in reviews",
        "I'd love an option to split the payment with a friend", "What's missing is a map of the shops", "Could we have more languages, Spanish for example",
        "There ought to be a setting for vegetarian products", "Why can't I schedule a delivery?", "We really need an export to Excel",
        "Please bring back the old home screen", "Allow me to rename my lists", "Five stars if you add a tablet version", "Do you have plans for a desktop app?",
        "I hope you will support smart watches soon", "The shop needs a dark mode badly", "Consider adding a chat with the seller",
        "It should be possible to download all invoices at once", "Give us an undo for deleted items", "Would it be possible to add a second phone number?",
        "A share button for the basket would help a lot", "I miss a feature to compare prices over time", "Looking forward to a version with voice search",
    ),
    "complaint": (
        "I am really disappointed with the quality", "The courier was arrogant and threw the box over the fence", "Horrible customer care, nobody replies to my mails",
        "Overpriced, and the fabric is so thin", "Third late delivery in a row", "Shameful how you treat loyal customers", "I demand a refund for this rubbish",
        "I have been waiting for five weeks now", "The chair fell apart on the second day", "Still no answer from your team", "Such a confusing and slow return process, I hate it",
        "The advert is misleading, the bag is tiny", "One star is one too many", "You lied to me about the delivery date", "This is ridiculous, I called four times",
        "Bad communication, will not order again", "Uninstalling it, nothing but adverts",
    ),
    "bug": (
        "App keeps closing itself on my Pixel", "Getting a timeout whenever I pay by card", "The map won't load", "Sorting by price shows the results in the wrong order",
        "When I rotate the phone the text is cut off", "The verification code never arrives and the page says error", "Push notifications stopped showing after the update",
        "Cannot log in, it says exception", "White screen on start", "The same product is listed twice in my basket", "Nothing happens when I click buy",
        "Saved addresses vanished after your last release", "The video freezes at ten seconds", "Currency is displayed incorrectly, dollars in place of euros",
        "I am unable to upload a picture, it fails at 99 percent", "The back button is broken on the order page", "It crashed twice this morning",
    ),
    "other": (
        "When will my parcel arrive?", "How can I cancel an order?", "Is there a shop in Berlin?", "Thank you for the fast answer", "Which payment methods do you accept?",
        "I forgot my password", "The address is Main Street 5", "How much is the shipping to France?", "Love the new collection", "Can you tell me the status of my return?",
        "Do these shoes run small?", "I need an invoice with my company's name", "What does the premium membership include?", "I'd like to talk to an agent",
        "My parcel was delivered to the neighbour", "Please confirm my appointment", "Hello, anybody there?",
    ),
}  # fmt: skip


def labelled(sentences: Sentences) -> list[tuple[str, str]]:
    return [(text, kind) for kind, texts in sentences.items() for text in texts]
