"""What customers ask and wish for, in their own words."""

PHRASINGS = ["{}", "{}", "{}", "Hi, {}", "Hello! {}", "{} Thanks!", "Quick question: {}", "Sorry to bother you, {}"]

TOPIC_QUESTIONS = {
    "order": ["Where is my order?", "What is my order status?", "How do I track my parcel?",
              "I need the tracking number please", "Has my parcel been sent?"],
    "delivery": ["How long does delivery take?", "When will it arrive?", "What is the delivery time to France?",
                 "How fast do you ship?", "How much is shipping?", "Is there free shipping?"],
    "returns": ["What is your return policy?", "Can I send it back?", "How do I return an item?",
                "Do I get my money back?", "I want to send back a lamp"],
    "payment": ["Which cards do you take?", "Do you accept Visa?", "Can I pay by invoice?",
                "What payment methods are there?"],
    "points": ["Where do I see my points?", "How do loyalty points work?", "How do I reach gold tier?"],
    "vouchers": ["How do I use a gift card?", "Where do I enter my voucher code?", "Can I buy a gift voucher?"],
    "login": ["I forgot my password", "I cannot log in", "How do I reset my password?"],
}

OPEN_QUESTIONS = {
    "warranty": [
        "How long is the warranty on lamps?", "Is there a guarantee on garden furniture?",
        "My bench broke after a year, is it under warranty?", "Do you offer an extended guarantee?",
        "What does the manufacturer's warranty cover?", "Where do I claim the guarantee?",
        "Does the pan come with a lifetime guarantee?", "Is a broken handle covered by the warranty?",
        "Do I need the receipt for a warranty claim?",
    ],
    "change_address": [
        "Can I change the address of an order I just placed?", "I typed the wrong street, how do I correct it?",
        "Please deliver to my office instead of home", "I have moved, how do I update the delivery address?",
        "My house number is missing in the order", "Can the address still be changed after ordering?",
        "The parcel goes to my old flat, what now?", "How do I ship to a different address?",
        "I entered the wrong postcode at checkout",
    ],
    "assembly": [
        "Does the table come assembled?", "Do you offer an assembly service?", "Who can put the bench together for me?",
        "Is there an assembly manual for the lounger?", "Which tools do I need to put it together?",
        "How long does it take to assemble the stool?", "Can your driver assemble the furniture?",
        "I lost the assembly instructions", "There is a screw missing from the kit",
    ],
    "materials": [
        "Is the blue mug dishwasher safe?", "Is the paint on the toys safe for babies?",
        "Does the cushion contain feathers? I am allergic", "Is the wood from sustainable forests?",
        "Are the pans free of PFAS?", "What is the rug made of?", "Can I wash the blanket at 60 degrees?",
        "Is the bowl suitable for the microwave?", "Are the candles vegan?",
    ],
    "business": [
        "Can I get an invoice with our VAT number?", "Do you sell to companies?", "I need a receipt for my company",
        "How do I open a business account?", "Is there a discount for schools?", "We want to order 200 mugs with our logo",
        "Do you have wholesale prices?", "Can you send a quote to our purchasing department?",
        "How do I get the VAT refunded as a business?",
    ],
    "recycling": [
        "Do you take back old furniture?", "How do I recycle the packaging?", "Can you collect my old lamp?",
        "Is the packaging plastic free?", "Where do I dispose of the batteries?", "Do you reuse boxes?",
        "Is the wrapping compostable?", "What do I do with the polystyrene?",
        "Can the driver take the empty box away?",
    ],
    "damaged": [
        "The vase arrived in pieces", "My parcel was damaged, what should I do?", "One glass in the set is cracked",
        "The lamp does not work", "I got the wrong colour", "An article is missing from my box",
        "The rug has a stain out of the box", "The drum came with a hole in it", "You sent me somebody else's article",
    ],
}

WISHES = {
    "instalments": [
        "Can I pay in instalments?", "Could I pay in three parts?", "Is paying monthly possible?",
        "I would like to split the payment over three months", "Do you offer Klarna or something like it?",
        "Please let us pay later", "It would help me to pay the garden table in installments",
        "Any chance of monthly payments?", "Buy now, pay later would be great",
    ],
    "apple_pay": [
        "Please add Apple Pay", "Can I use Apple Pay?", "Why is there no Apple Pay?", "I'd love to pay with Apple Pay",
        "Apple Pay would make checkout so much faster", "Will you support Apple Pay soon?",
        "I only have Apple Pay on my phone, could you add it?", "Do you plan to take Apple Pay?",
    ],
    "gift_wrap": [
        "Would love a gift wrap option", "Can you wrap it as a present?", "Do you do gift wrapping?",
        "Please offer wrapping paper for birthdays", "It is a present, could you gift wrap it?",
        "I wish you had gift boxes", "Is it possible to have the toy wrapped with a greeting note?",
        "A gift wrapping option at checkout would be lovely",
    ],
    "pickup": [
        "Can I pick up my order at the store?", "Is click and collect possible?",
        "I would rather collect the parcel myself", "Could you add a pick-up point near the station?",
        "Please offer parcel lockers", "I am never home, can I collect it somewhere?",
        "Do you have a pickup option?", "Collecting in store would save me the wait",
    ],
    "restock_alert": [
        "Can you tell me when the vase is back?", "Please send me a mail when it is in stock again",
        "I want a notification when the lantern is back in stock", "Could you add a back in stock alert?",
        "Let me know once the oak bowl is available again", "Is there a waiting list for sold out articles?",
        "A reminder when sold out things return would be nice", "When is the kite available again? Please notify me",
    ],
}
