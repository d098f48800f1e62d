"""Counts the words of a text."""
import json
import os

with open(os.environ['TEMPOGRAPH_INPUT'], encoding='utf-8') as file:
    words = json.load(file)['text'].split()

print(f'{len(words)} words')

with open(os.environ['TEMPOGRAPH_OUTPUT'], 'w', encoding='utf-8') as file:
    json.dump({'count': len(words), 'distinct': len(set(words))}, file)
