COPY products TO STDOUT;
