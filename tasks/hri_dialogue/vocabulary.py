"""The words of the sample dialogues, shared by make_sample.py and the corpus of nano-qwen3."""

PRODUCTS = {
    "furniture": ["chair", "table", "shelf", "cabinet", "stool", "desk"],
    "electronics": ["sensor", "radio", "lamp", "charger", "speaker", "camera"],
    "machinery": ["gearbox", "pump", "motor", "valve", "conveyor", "winch"],
    "toy": ["train", "kite", "puzzle", "drone", "doll house", "wagon"],
}
COLORS = ["red", "blue", "green", "yellow", "black", "white", "gray", "orange"]
SIZES = ["small", "medium", "large"]
STYLES = ["plain", "folding", "sturdy", "round", "modern"]
NUMBERS = {
    "2": "two", "3": "three", "4": "four", "5": "five", "6": "six",
    "7": "seven", "8": "eight", "9": "nine", "12": "twelve",
}
PARCELS = [
    "parcel", "crate", "letter", "toolbox", "folder", "bottle", "sample tray", "spare tire",
    "battery pack", "manual",
]
AREAS = ["hall A", "hall B", "the north wing", "the main building", "the yard", "the basement"]
LOCATIONS = [
    "paint shop", "loading dock", "front desk", "storage room", "meeting room", "canteen",
    "welding booth", "print room", "repair corner",
]
PEOPLE = ["Mira", "Tomas", "Lena", "Omar", "Ines", "Paulo", "Yuki", "Greta"]
POSITIONS = [
    "charging dock", "test bench", "tool wall", "recycling corner", "packing table",
    "saw station", "first aid cabinet", "cleaning bay", "parts counter", "inspection booth",
    "robot garage", "water fountain", "oil store", "scale", "north gate", "label printer",
]
OBJECTS = [
    "hammer", "wrench", "drill", "tape roll", "clamp", "screw box", "paint can", "cable reel",
    "glove box", "safety helmet", "measuring cup", "bolt cutter", "ladder", "flashlight", "file",
    "brush", "bracket", "washer bag",
]
SPOTS = [
    "workbench", "top shelf", "blue cart", "tool wall", "back room", "assembly line",
    "packing table", "window", "drawer", "test bench",
]


def plural(product: str) -> str:
    """`shelf` -> `shelves`, `chair` -> `chairs`."""
    return "shelves" if product == "shelf" else product + "s"
