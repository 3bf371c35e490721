"""RENAISSANCE (Choudhury et al., Nat. Catal. 7:1086, 2024): the article's figures beside ours."""
