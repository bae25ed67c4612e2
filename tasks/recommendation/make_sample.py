#!/usr/bin/env python3
"""Writes sample/movies.csv and sample/ratings.csv: movies and users of our own making.

usage: python3 make_sample.py        (standard library only; the same bytes on every run)

A movie's title holds one word of its genre. A user likes some genres and dislikes the others; some
genres are liked by more users than others. A rating follows from that, with noise, so that nobody
can be right always: what a judge with perfect knowledge of the tastes would reach is printed.
"""
import csv
import os
import random

GENRES = {  # the genre's word in a title, and the share of users who like it
    "robot": 0.9, "garden": 0.75, "kitchen": 0.25, "tower": 0.1,
}
FIRST = ["The blue", "The red", "The green", "The yellow", "The black", "The white", "The gray",
         "The orange", "The small", "The large", "The round", "The modern", "The plain", "The long",
         "The north", "The friendly", "The sturdy", "The spare"]
LAST = ["", " window", " bridge", " letter", " train", " mirror", " candle", " market"]
USERS, RATINGS = 200, 40
START = 1_600_000_000


def stars(liked, rng):
    """Half to five stars: around 4.25 where the user likes the genre, else around 2.5."""
    value = rng.gauss(4.4 if liked else 2.4, 0.6)
    return min(5.0, max(0.5, round(value * 2) / 2))


def main():
    rng = random.Random("sample ratings")
    titles = [(f"{first} {genre}{last}", genre)
              for genre in GENRES for first in FIRST for last in LAST]
    movies = rng.sample(titles, 300)
    ratings, right = [], 0
    for user in range(1, USERS + 1):
        likes = {genre: rng.random() < share for genre, share in GENRES.items()}
        time = START + rng.randrange(50_000_000)
        for movie in rng.sample(range(len(movies)), RATINGS):
            time += rng.randrange(60, 5_000)
            liked = likes[movies[movie][1]]
            rating = stars(liked, rng)
            right += liked == (rating >= 4)
            ratings.append((user, movie + 1, rating, time))
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sample")
    write(os.path.join(folder, "movies.csv"), ["movieId", "title", "genres"],
          [(number, f"{title} ({rng.randrange(1950, 2025)})", genre.capitalize())
           for number, (title, genre) in enumerate(movies, 1)])
    write(os.path.join(folder, "ratings.csv"), ["userId", "movieId", "rating", "timestamp"],
          sorted(ratings, key=lambda row: row[:2]))
    print(f"{len(ratings)} ratings; perfect knowledge of the tastes is right in "
          f"{right / len(ratings):.3f}")


def write(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
