"""What the ranker looks at, and the ranker: facts of products, ways of shoppers, and how the two meet."""
