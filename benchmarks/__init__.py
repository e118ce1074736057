"""What sesguard costs, against floors and peers, in one run: ``make bench``."""
