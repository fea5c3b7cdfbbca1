// libpng reports errors by jumping out of the call, over which Swift frames must not lie: reading is wrapped here.
#pragma once
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { medsweep_png_grey = PNG_FORMAT_GRAY, medsweep_png_rgb = PNG_FORMAT_RGB };

/// The most bytes that an image can take as a file.
static inline size_t medsweep_png_bound(const png_image *image) { return PNG_IMAGE_PNG_SIZE_MAX(*image); }

typedef struct {
    unsigned width, height, channels;
    /// Bytes a sample: 1, or 2 of sixteen bits, most significant byte first.
    unsigned sample_size;
    char message[96];
} medsweep_png_header;

typedef struct {
    const unsigned char *bytes;
    size_t count, position;
    medsweep_png_header *header;
} medsweep_png_source;

static inline void medsweep_png_fill(png_structp png, png_bytep target, png_size_t count) {
    medsweep_png_source *source = (medsweep_png_source *)png_get_io_ptr(png);
    if (count > source->count - source->position) png_error(png, "it ends too early");
    memcpy(target, source->bytes + source->position, count);
    source->position += count;
}

static inline void medsweep_png_failed(png_structp png, png_const_charp message) {
    medsweep_png_source *source = (medsweep_png_source *)png_get_error_ptr(png);
    strncpy(source->header->message, message, sizeof source->header->message - 1);
    source->header->message[sizeof source->header->message - 1] = 0;
    longjmp(png_jmpbuf(png), 1);
}

static inline void medsweep_png_warned(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

/// Reads the header, and the pixels too unless `target` is NULL. Returns 0, or 1 with a message in the header.
static inline int medsweep_png_run(const unsigned char *bytes, size_t count, medsweep_png_header *header,
                                   unsigned char *target) {
    medsweep_png_source source = {bytes, count, 0, header};
    header->message[0] = 0;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, medsweep_png_failed, medsweep_png_warned);
    if (png == NULL) return 1;
    png_infop info = png_create_info_struct(png);
    unsigned char **volatile rows = NULL;
    if (info == NULL || setjmp(png_jmpbuf(png))) {
        free((void *)rows);
        png_destroy_read_struct(&png, &info, NULL);
        return 1;
    }
    png_set_read_fn(png, &source, medsweep_png_fill);
    png_set_user_limits(png, 1 << 20, 1 << 20);
    png_read_info(png, info);
    png_byte color = png_get_color_type(png, info);
    // Grey below eight bits is stretched, a palette is looked up, alpha goes.
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (color == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png, info) < 8) png_set_expand_gray_1_2_4_to_8(png);
    // A palette's transparency becomes alpha too, when it is looked up.
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    header->width = png_get_image_width(png, info);
    header->height = png_get_image_height(png, info);
    header->channels = png_get_channels(png, info);
    header->sample_size = png_get_bit_depth(png, info) == 16 ? 2 : 1;
    if (header->channels != 1 && header->channels != 3) png_error(png, "it has an unusual number of channels");
    if (target != NULL) {
        size_t stride = (size_t)header->width * header->channels * header->sample_size;
        rows = (unsigned char **)malloc(header->height * sizeof *rows);
        if (rows == NULL) png_error(png, "there is not enough memory");
        for (unsigned row = 0; row < header->height; ++row) rows[row] = target + row * stride;
        png_read_image(png, (unsigned char **)rows);
        png_read_end(png, NULL);
    }
    free((void *)rows);
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
}

static inline int medsweep_png_read_header(const unsigned char *bytes, size_t count, medsweep_png_header *header) {
    return medsweep_png_run(bytes, count, header, NULL);
}

static inline int medsweep_png_read(const unsigned char *bytes, size_t count, medsweep_png_header *header,
                                    unsigned char *target) {
    return medsweep_png_run(bytes, count, header, target);
}
